import { Readable } from 'node:stream'

/** Bytes that are handed to a socket at once; a body of no more is written as it is. */
export const pieceSize = 64 * 1024

/** A body as a stream of pieces, so that the server sees whether its client goes on reading. */
export function inPieces(body: Buffer, onRead = () => {}): Readable {
  let at = 0
  return new Readable({
    read() {
      onRead()
      this.push(at < body.length ? body.subarray(at, at + pieceSize) : null)
      at += pieceSize
    }
  })
}

/**
 * Large bodies that clients have not read to the end, at most so many bytes in all. When there are more, the client that
 * has not read for the longest time loses its connection.
 */
export function createLargeBodies(most: number) {
  /** What ends each, the one that was read from last at the end. */
  const unread = new Map<object, { bytes: number; drop: () => void }>()
  let total = 0

  function remove(stream: Readable): void {
    total -= unread.get(stream)?.bytes ?? 0
    unread.delete(stream)
  }

  /** Streams a body that nobody else needs. `drop` ends its connection. */
  return function streamLarge(body: Buffer, drop: () => void): Readable {
    const entry = { bytes: body.length, drop }
    const stream = inPieces(body, () => {
      unread.delete(stream)
      unread.set(stream, entry)
    })
    unread.set(stream, entry)
    total += body.length
    stream.once('close', () => remove(stream))
    for (const [other, { drop }] of unread) {
      if (total <= most) break
      remove(other as Readable)
      drop()
    }
    return stream
  }
}
