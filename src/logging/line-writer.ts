import { write, writeSync } from 'node:fs'

/** Bytes of a chunk, which is what a pipe holds. */
const chunkSize = 64 * 1024
/** Bytes that wait for a reader who is slow (a pipe, a collector of logs) or for room on a disk; beyond, lines are lost. */
const most = 16 * 1024 * 1024
/** Milliseconds before a chunk is written that is not full, before what could not be written is tried again, and until the process may end regardless. */
const patience = { unfilled: 100, again: 10, end: 1_000 }
/** The most bytes that a code unit of a string takes in UTF-8. */
const widest = 3

interface Chunk {
  bytes: Buffer
  from: number
  to: number
}

/** Keeps the thread from doing anything, which is for a process that ends. */
const pause = (milliseconds: number) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds)

const isPipeFull = (error: unknown) => (error as NodeJS.ErrnoException).code === 'EAGAIN'

/**
 * Writes lines to a file descriptor, in order. Nobody waits for that: in step, a full pipe would stop the whole process. Nor
 * is each line written alone: that costs three times what the line does. What has not been written when the process ends is written then.
 *
 * A line goes at once into bytes that are used over and over. As a string, and in the buffers of sonic-boom, it waits for long
 * enough to be taken for something that lasts: of all that V8 promoted, four fifths were lines.
 */
export function createLineWriter(fd: number): { write: (line: string) => void } {
  const empty = (): Chunk => ({ bytes: Buffer.allocUnsafeSlow(chunkSize), from: 0, to: 0 })
  let filling = empty()
  let spare: Chunk | undefined
  const full: Chunk[] = []
  let waiting = 0
  let isWriting = false

  function close(chunk: Chunk): void {
    full.push(chunk)
    waiting += chunk.to
  }

  function closeFilling(): void {
    if (filling.to === 0) return
    close(filling)
    filling = spare ?? empty()
    spare = undefined
  }

  function written(chunk: Chunk, bytes: number): void {
    chunk.from += bytes
    waiting -= bytes
    if (chunk.from < chunk.to) return
    full.shift()
    if (chunk.bytes.length === chunkSize) spare = Object.assign(chunk, { from: 0, to: 0 })
  }

  function flush(): void {
    const [chunk] = full
    if (isWriting || chunk === undefined) return
    isWriting = true
    write(fd, chunk.bytes, chunk.from, chunk.to - chunk.from, null, (error, bytes) => {
      isWriting = false
      if (!error) {
        written(chunk, bytes)
        flush()
      }
      // A full pipe, or a full disk: neither must end the process.
      else setTimeout(flush, patience.again).unref()
    })
  }

  setInterval(() => {
    // A chunk that has to wait may as well be filled.
    if (full.length === 0) closeFilling()
    flush()
  }, patience.unfilled).unref()

  process.once('exit', () => {
    // What came of it can no longer be heard, but it can be waited for: or the next chunk would overtake it.
    if (isWriting) {
      pause(patience.again)
      full.shift()
    }
    closeFilling()
    const end = performance.now() + patience.end
    while (full[0] && performance.now() < end)
      try {
        written(full[0], writeSync(fd, full[0].bytes, full[0].from, full[0].to - full[0].from))
      } catch (error) {
        if (!isPipeFull(error)) return
        pause(patience.again)
      }
  })

  return {
    write(line) {
      const room = line.length * widest
      if (filling.to + room > chunkSize) {
        if (waiting >= most) return
        closeFilling()
        if (room > chunkSize) {
          const bytes = Buffer.from(line)
          close({ bytes, from: 0, to: bytes.length })
        }
        flush()
        if (room > chunkSize) return
      }
      filling.to += filling.bytes.write(line, filling.to)
    }
  }
}
