import { fstatSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { type DestinationStream, destination, type Logger } from 'pino'

const batchBytes = 8 * 1024
const flushMilliseconds = 100
const maxBufferedBytes = 16 * 1024 * 1024
const exitMilliseconds = 1_000

/** Creates pino's asynchronous destination. A full pipe, a full disk or a lost reader does not block the process or its end. */
export function createDestination(fd: number, maxLength = maxBufferedBytes): DestinationStream {
  let isFailing = false
  let end = Number.POSITIVE_INFINITY
  const options = { sync: false, minLength: batchBytes, maxLength, periodicFlush: flushMilliseconds }
  const retryEAGAIN = () => performance.now() < end
  const lines = destination({ ...options, contentMode: 'buffer', dest: fd, retryEAGAIN })
  const { write } = lines
  // As bytes: of texts, sonic-boom measures all that wait for each line, which takes half of the time of a line.
  lines.write = (line) => write.call(lines, Buffer.from(line) as never)
  lines.on('error', () => {
    isFailing = true
  })
  lines.on('write', () => {
    isFailing = false
  })
  // Runs before pino's own listener, whose flushSync() never ends when a write fails for another reason than a full pipe.
  process.prependOnceListener('exit', () => {
    end = performance.now() + exitMilliseconds
    try {
      if (!isFailing && !fstatSync(fd).isCharacterDevice()) lines.flushSync() // not /dev/full
    } catch {}
    lines.destroy()
  })
  return lines
}

export const flushed = (log: Logger): Promise<unknown> =>
  Promise.race([
    new Promise<void>((resolve) => log.flush(() => resolve())),
    sleep(exitMilliseconds, undefined, { ref: false })
  ])
