import { EventEmitter, once } from 'node:events'
import { Writable } from 'node:stream'
import { pino } from 'pino'
import { logOptions } from '../../src/logging/log.ts'
import { settled } from './wait.ts'

/** A log that keeps its lines. */
export function captureLog() {
  const lines: Record<string, unknown>[] = []
  const news = new EventEmitter()
  let read = 0
  /** Waits for a line with such a message, after the last one awaited. */
  async function says(message: RegExp): Promise<Record<string, unknown>> {
    for (;;) {
      const line = lines[read]
      if (!line) await settled(`a line like ${message}`, once(news, 'line'))
      else {
        read += 1
        if (message.test(String(line.msg))) return line
      }
    }
  }
  const stream = new Writable({
    write(chunk, _encoding, done) {
      lines.push(JSON.parse(chunk))
      news.emit('line')
      done()
    }
  })
  return { log: pino({ ...logOptions, level: 'debug' }, stream), lines, says }
}
