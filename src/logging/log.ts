import { createRequire } from 'node:module'
import { type Logger, pino, stdTimeFunctions } from 'pino'
import type PinoPretty from 'pino-pretty'
import { createDestination } from './destination.ts'

interface LoggedError extends Error {
  code?: string
}

/** A driver's error also holds the statement's values, which may be anything: they stay out. */
const err = ({ name, code, message, stack }: LoggedError) => ({ type: name, code, message, stack })

let traced: () => object = () => ({})

/** Gives every line of this process further fields: those of the span that is open. pino takes a mixin only when a log is made. */
export function addToLines(fields: () => object): void {
  traced = fields
}

export const logOptions = {
  redact: { paths: ['*.password', '*.token', '*.authorization', '*.password_hash'], censor: '[redacted]' },
  serializers: { err },
  base: null,
  timestamp: stdTimeFunctions.isoTime,
  mixin: () => traced()
}

/** JSON lines on standard output, or lines for people where it is a terminal. */
export function createLog(level: string, { fd, isTTY }: { fd: number; isTTY: boolean } = process.stdout): Logger {
  return pino({ ...logOptions, level }, isTTY ? linesForPeople(fd) : createDestination(fd))
}

/** Loaded only here: 2 MB that a service without a terminal can do without. */
function linesForPeople(fd: number) {
  const pretty: typeof PinoPretty = createRequire(import.meta.url)('pino-pretty')
  return pretty({ destination: fd, sync: true, ignore: 'request_id', singleLine: true })
}
