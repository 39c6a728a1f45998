import { Readable } from 'node:stream'
import { setImmediate as turn } from 'node:timers/promises'

/** Bytes per write; smaller bodies are written at once. */
export const pieceSize = 64 * 1024

export interface Pieces {
  length: number
  pieces: Iterable<Buffer>
}

export type LargeBody = Readable

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

/** Limits the bytes of unread large bodies: beyond it, the client that has not read for longest is disconnected. */
export function createLargeBodies(most: number) {
  // Ordered by the last read.
  const unread = new Map<object, { bytes: number; drop: () => void }>()
  let total = 0

  function remove(stream: object): void {
    total -= unread.get(stream)?.bytes ?? 0
    unread.delete(stream)
  }

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
