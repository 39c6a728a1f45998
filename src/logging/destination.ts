import { fstatSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { type DestinationStream, destination, type Logger } from 'pino'

/** Bytes that are written together, which costs a third of writing each line, and milliseconds that fewer wait for more. */
const together = 8 * 1024
const unfilled = 100
/** Bytes that wait for a slow reader (a pipe, a collector of logs) or for room on a disk; further lines are lost. */
const most = 16 * 1024 * 1024
/** Milliseconds that the end of the process waits for a reader. */
const patience = 1_000

/**
 * Where a log is written: pino's own destination, which no request waits for. The process goes on when a pipe is full, a disk is full or
 * the reader is gone, and ends in spite of them.
 */
export function createDestination(fd: number, maxLength = most): DestinationStream {
  let isFailing = false
  let end = Number.POSITIVE_INFINITY
  const options = { sync: false, minLength: together, maxLength, periodicFlush: unfilled }
  const lines = destination({ ...options, dest: fd, retryEAGAIN: () => performance.now() < end })
  // A full disk: what is waiting is tried again with the next flush.
  lines.on('error', () => {
    isFailing = true
  })
  lines.on('write', () => {
    isFailing = false
  })
  // Before pino's own listener, which leaves a destroyed destination alone: flushSync() tries again for ever where a write fails for
  // another reason than a full pipe. Devices, such as /dev/full, hold no log.
  process.prependOnceListener('exit', () => {
    end = performance.now() + patience
    try {
      if (!isFailing && !fstatSync(fd).isCharacterDevice()) lines.flushSync()
    } catch {
      // The pipe is still full.
    }
    lines.destroy()
  })
  return lines
}

/** Waits until a log has been written, for as long as a reader may take: for an end that is planned. */
export const flushed = (log: Logger): Promise<unknown> =>
  Promise.race([new Promise<void>((resolve) => log.flush(() => resolve())), sleep(patience, undefined, { ref: false })])
