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

/** JSON lines on standard output, or lines for people where it is a terminal. */
export function createLog(level: string, { fd, isTTY }: { fd: number; isTTY: boolean } = process.stdout): Logger {
  const destination = isTTY
    ? pretty({ destination: fd, sync: true, ignore: 'request_id', singleLine: true })
    : pino.destination({ dest: fd, sync: true })
  return pino({ ...logOptions, level }, destination)
}
