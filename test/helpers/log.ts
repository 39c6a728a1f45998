import { Writable } from 'node:stream'
import { pino } from 'pino'
import { logOptions } from '../../src/log.ts'

/** A log whose lines can be looked at. */
export function captureLog() {
  const lines: Record<string, unknown>[] = []
  const stream = new Writable({
    write(chunk, _encoding, done) {
      lines.push(JSON.parse(chunk))
      done()
    }
  })
  return { log: pino({ ...logOptions, level: 'debug' }, stream), lines }
}
