import { createRequire } from 'node:module'
import { type Logger, pino } from 'pino'
import type PinoPretty from 'pino-pretty'
import { createDestination } from './destination.ts'

interface LoggedError extends Error {
  code?: string
}

// A driver's error also holds the statement's values, which may be secret.
const err = ({ name, code, message, stack }: LoggedError) => ({ type: name, code, message, stack })

const none = {}
let extraFields = (): object => none

export function addToLines(fields: () => object): void {
  extraFields = fields
}

// Formatting a Date takes longer than the rest of a line, and many lines have the same millisecond.
let last = { at: 0, member: '' }
function isoTime(): string {
  const at = Date.now()
  if (at !== last.at) last = { at, member: `,"time":"${new Date(at).toISOString()}"` }
  return last.member
}

export const logOptions = {
  redact: { paths: ['*.password', '*.token', '*.authorization', '*.password_hash'], censor: '[redacted]' },
  serializers: { err },
  base: null,
  timestamp: isoTime,
  mixin: () => extraFields(),
  // pino would copy every line, which takes a tenth of its time.
  mixinMergeStrategy: (line: object, extra: object) => (extra === none ? line : { ...extra, ...line })
}

export function createLog(level: string, { fd, isTTY }: { fd: number; isTTY: boolean } = process.stdout): Logger {
  return pino({ ...logOptions, level }, isTTY ? prettyStream(fd) : createDestination(fd))
}

function prettyStream(fd: number) {
  const pretty: typeof PinoPretty = createRequire(import.meta.url)('pino-pretty')
  return pretty({ destination: fd, sync: true, ignore: 'request_id', singleLine: true })
}
