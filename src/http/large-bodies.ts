import { Readable } from 'node:stream'
import { setImmediate as turn } from 'node:timers/promises'

/** Bytes that are handed to a socket at once; a body of no more is written as it is. */
export const pieceSize = 64 * 1024

/** A body, piece by piece, and its length in bytes. */
export interface Pieces {
  length: number
  pieces: Iterable<Buffer>
}

/** A body that is sent piece by piece. */
export type LargeBody = Readable

/** A body in memory, cut. */
export function* slices(body: Buffer) {
  for (let at = 0; at < body.length; at += pieceSize) yield body.subarray(at, at + pieceSize)
}

/** A body that is in memory. */
export const piecesOf = (body: Buffer): Pieces => ({ length: body.length, pieces: slices(body) })

async function* paced(pieces: Iterable<Buffer>, onRead: () => void) {
  for (const piece of pieces) {
    onRead()
    yield piece
    await turn()
  }
}

/**
 * Pieces as a stream, so that the server sees whether its client goes on reading. Each is made when it is asked for, in a
 * turn of the event loop of its own.
 */
export const streamOf = (pieces: Iterable<Buffer>, onRead = () => {}): Readable =>
  Readable.from(paced(pieces, onRead), { objectMode: false, highWaterMark: pieceSize })

/**
 * Large bodies that clients have not read to the end, at most so many bytes in all. When there are more, the client that
 * has not read for the longest time loses its connection.
 */
export function createLargeBodies(most: number) {
  /** What ends each, the one that was read from last at the end. */
  const unread = new Map<object, { bytes: number; drop: () => void }>()
  let total = 0

  function remove(stream: object): void {
    total -= unread.get(stream)?.bytes ?? 0
    unread.delete(stream)
  }

  /** Streams a body that nobody else needs. `drop` ends its connection. */
  return function streamLarge({ length, pieces }: Pieces, drop: () => void): Readable {
    const entry = { bytes: length, drop }
    const stream = streamOf(pieces, () => {
      unread.delete(stream)
      unread.set(stream, entry)
    })
    unread.set(stream, entry)
    total += length
    stream.once('close', () => remove(stream))
    for (const [other, { drop }] of unread) {
      if (total <= most) break
      remove(other)
      drop()
    }
    return stream
  }
}
