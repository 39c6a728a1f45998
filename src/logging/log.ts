import { createRequire } from 'node:module'
import { type Logger, pino, symbols } from 'pino'
import type PinoPretty from 'pino-pretty'
import { createLineWriter } from './line-writer.ts'

interface LoggedError extends Error {
  code?: string
}

/** A driver's error also holds the statement's values, which may be anything: they stay out. */
const err = ({ name, code, message, stack }: LoggedError) => ({ type: name, code, message, stack })

let second = 0
let untilSecond = ''

/** The time of a line, RFC 3339 in UTC with milliseconds. Lines of one second share all but these. */
function time(): string {
  const now = Date.now()
  const milliseconds = now % 1000
  if (now - milliseconds !== second) {
    second = now - milliseconds
    untilSecond = new Date(second).toISOString().slice(0, 20)
  }
  return `${untilSecond}${String(milliseconds).padStart(3, '0')}Z`
}

export const logOptions = {
  redact: { paths: ['*.password', '*.token', '*.authorization', '*.password_hash'], censor: '[redacted]' },
  serializers: { err },
  base: null,
  timestamp: () => `,"time":"${time()}"`
}

/** JSON lines on standard output, or lines for people where it is a terminal. */
export function createLog(level: string, { fd, isTTY }: { fd: number; isTTY: boolean } = process.stdout): Logger {
  return pino({ ...logOptions, level }, isTTY ? linesForPeople(fd) : createLineWriter(fd))
}

/** Loaded only here: 2 MB that a service without a terminal can do without. */
function linesForPeople(fd: number) {
  const pretty: typeof PinoPretty = createRequire(import.meta.url)('pino-pretty')
  return pretty({ destination: fd, sync: true, ignore: 'request_id', singleLine: true })
}

/**
 * Writes lines of the level `info` straight to where a log goes, given as the fields of a JSON object; those of the log
 * itself are added. pino takes several times as long for fields that are known. Nothing is struck out, so all must be our
 * own. Undefined where that level is off.
 */
export function linesOf(log: Logger): ((fields: string) => void) | undefined {
  if (!log.isLevelEnabled('info')) return undefined
  const stream: { write: (line: string) => void } = Reflect.get(log, symbols.streamSym)
  const bindings: string = Reflect.get(log, symbols.chindingsSym)
  return (fields) => stream.write(`{"level":30,"time":"${time()}"${bindings},${fields}}\n`)
}
