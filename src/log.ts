import { type Logger, pino } from 'pino'
import pretty from 'pino-pretty'

/** JSON lines on standard output, or lines for people where it is a terminal. */
export function createLog(level: string, terminal = process.stdout.isTTY): Logger {
  const redact = { paths: ['*.password', '*.token', '*.authorization', '*.password_hash'], censor: '[redacted]' }
  const options = { level, redact, base: null, timestamp: pino.stdTimeFunctions.isoTime }
  return terminal ? pino(options, pretty({ ignore: 'request_id', singleLine: true })) : pino(options)
}
