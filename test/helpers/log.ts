import { Writable } from 'node:stream'
import { pino } from 'pino'

/** A log whose lines can be looked at. */
export function captureLog() {
  const lines: Record<string, unknown>[] = []
  const stream = new Writable({
    write(chunk, _encoding, done) {
      lines.push(JSON.parse(chunk))
      done()
    }
  })
  return { log: pino({ level: 'debug' }, stream), lines }
}
