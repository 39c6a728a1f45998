import { Readable } from 'node:stream'
import { setImmediate as turn } from 'node:timers/promises'

/** Bytes per write; smaller bodies are written at once. */
export const pieceSize = 64 * 1024

export interface Pieces {
  length: number
  /** Bytes of memory until the last piece is made, if fewer than `length`. */
  memory?: number
  pieces: Iterable<Buffer>
}

export type BodyStream = Readable

export function* slices(body: Buffer) {
  for (let at = 0; at < body.length; at += pieceSize) yield body.subarray(at, at + pieceSize)
}

export const piecesOf = (body: Buffer): Pieces => ({ length: body.length, pieces: slices(body) })

async function* paced(pieces: Iterable<Buffer>, onRead: () => void) {
  for (const piece of pieces) {
    onRead()
    yield piece
    await turn()
  }
}

/** Streams pieces, each created in a turn of its own, so that the server notices whether its client reads. */
export const streamOf = (pieces: Iterable<Buffer>, onRead = () => {}): Readable =>
  Readable.from(paced(pieces, onRead), { objectMode: false, highWaterMark: pieceSize })

interface Bounds {
  /** Bytes beyond which clients are disconnected that have not read for a second. */
  soft: number
  /** Bytes beyond which the client is disconnected that has not read for longest. */
  hard: number
}

const stale = 1_000

/** Limits the memory of unread large bodies by disconnecting those who do not read. */
export function createLargeBodies({ soft, hard }: Bounds, clock = () => performance.now()) {
  // Ordered by the last read.
  const unread = new Map<object, { bytes: number; readAt: number; drop: () => void }>()
  let total = 0

  function remove(stream: object): void {
    total -= unread.get(stream)?.bytes ?? 0
    unread.delete(stream)
  }

  function makeRoom(): void {
    const now = clock()
    for (const [stream, { readAt, drop }] of unread) {
      if (total <= soft || (total <= hard && now - readAt < stale)) return
      remove(stream)
      drop()
    }
  }

  return function streamLarge({ length, memory: bytes = length, pieces }: Pieces, drop: () => void): Readable {
    const keep = () => unread.set(stream, { bytes, readAt: clock(), drop })
    const stream = streamOf(pieces, () => {
      unread.delete(stream)
      keep()
    })
    keep()
    total += bytes
    stream.once('close', () => remove(stream))
    makeRoom()
    return stream
  }
}
