import { once } from 'node:events'
import { buffer } from 'node:stream/consumers'
import { setImmediate as turn } from 'node:timers/promises'
import { test } from 'tap'
import { createLargeBodies, pieceSize, piecesOf, slices, streamOf } from '../../src/http/large-bodies.ts'

const body = Buffer.alloc(3 * pieceSize + 5, 'abc')

test('a body sent in pieces is unchanged', async (t) => {
  t.ok((await buffer(streamOf(slices(body)))).equals(body))
  t.ok((await buffer(createLargeBodies(10 * body.length)(piecesOf(body), () => {}))).equals(body))
})

test('no piece is empty', async (t) => {
  const lengths = (length: number) => [...slices(Buffer.alloc(length))].map((piece) => piece.length)
  t.strictSame(lengths(2 * pieceSize), [pieceSize, pieceSize])
  t.strictSame(lengths(2 * pieceSize + 1), [pieceSize, pieceSize, 1])
})

test('of an unread body, only the first piece is created', async (t) => {
  let created = 0
  const stream = streamOf(slices(Buffer.alloc(40 * pieceSize)), () => {
    created += 1
  })
  await once(stream, 'readable')
  for (let i = 0; i < 50; i++) await turn()
  t.equal(created, 1)
  stream.destroy()
})

test('with too many unread bytes, the client that has not read for longest is dropped', async (t) => {
  const streamLarge = createLargeBodies(2 * body.length)
  const dropped: string[] = []
  const start = (name: string) => {
    const stream = streamLarge(piecesOf(body), () => {
      dropped.push(name)
      stream.destroy()
    })
    return stream
  }
  const first = start('first')
  const second = start('second')
  first.read()
  start('third')
  t.strictSame(dropped, ['second'])
  await once(second, 'close')
  first.resume()
  await once(first, 'close')
  start('fourth')
  t.strictSame(dropped, ['second'])
})
