import { fstatSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { type DestinationStream, destination, type Logger } from 'pino'

/** Bytes per write, which costs a third of writing each line, and the longest delay of a line in milliseconds. */
const batchSize = 8 * 1024
const flushInterval = 100
/** Bytes that may wait for a slow reader (a pipe, a log collector) or a full disk; beyond that, lines are dropped. */
const maxBuffered = 16 * 1024 * 1024
/** Milliseconds that the end of the process waits for a reader. */
const exitTimeout = 1_000

/**
 * Creates pino's own asynchronous destination. The process continues when the pipe or the disk is full or the reader is
 * gone, and its end is not blocked either.
 */
export function createDestination(fd: number, maxLength = maxBuffered): DestinationStream {
  let isFailing = false
  let end = Number.POSITIVE_INFINITY
  const options = { sync: false, minLength: batchSize, maxLength, periodicFlush: flushInterval }
  const lines = destination({ ...options, dest: fd, retryEAGAIN: () => performance.now() < end })
  // After an error (a full disk), the next flush tries again.
  lines.on('error', () => {
    isFailing = true
  })
  lines.on('write', () => {
    isFailing = false
  })
  // This listener runs before pino's own, which skips a destroyed destination: flushSync() never ends when a write
  // fails for another reason than a full pipe. Character devices, such as /dev/full, are not flushed.
  process.prependOnceListener('exit', () => {
    end = performance.now() + exitTimeout
    try {
      if (!isFailing && !fstatSync(fd).isCharacterDevice()) lines.flushSync()
    } catch {
      // The pipe is still full.
    }
    lines.destroy()
  })
  return lines
}

/** Waits until the log is written, at most `exitTimeout`. For a planned end of the process. */
export const flushed = (log: Logger): Promise<unknown> =>
  Promise.race([
    new Promise<void>((resolve) => log.flush(() => resolve())),
    sleep(exitTimeout, undefined, { ref: false })
  ])
