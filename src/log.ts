import { type Logger, pino } from 'pino'
import pretty from 'pino-pretty'

interface LoggedError extends Error {
  code?: string
}

/** A driver's error also holds the statement's values, which may be anything: they stay out. */
const err = ({ name, code, message, stack }: LoggedError) => ({ type: name, code, message, stack })

export const logOptions = {
  redact: { paths: ['*.password', '*.token', '*.authorization', '*.password_hash'], censor: '[redacted]' },
  serializers: { err },
  base: null,
  timestamp: pino.stdTimeFunctions.isoTime
}

/** Bytes that wait for a reader who is slow (a pipe, a collector of logs); beyond, lines are lost. */
const maxLength = 16 * 1024 * 1024

/**
 * JSON lines on standard output, or lines for people where it is a terminal. Nobody waits for a line to be written: with
 * `sync`, a full pipe would stop the whole process for 100 ms at a time.
 */
export function createLog(level: string, { fd, isTTY }: { fd: number; isTTY: boolean } = process.stdout): Logger {
  const destination = isTTY
    ? pretty({ destination: fd, sync: true, ignore: 'request_id', singleLine: true })
    : pino.destination({ dest: fd, sync: false, maxLength })
  return pino({ ...logOptions, level }, destination)
}
