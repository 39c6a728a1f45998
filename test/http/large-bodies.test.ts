import { once } from 'node:events'
import type { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { mock } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { type Test, test } from 'tap'
import { createLargeBodies, pieceSize, piecesOf, slices, streamOf } from '../../src/http/large-bodies.ts'

const body = Buffer.alloc(3 * pieceSize + 5, 'abc')

test('a body sent in pieces is unchanged', async (t) => {
  t.ok((await buffer(streamOf(slices(body)))).equals(body))
  t.ok(
    (
      await buffer(createLargeBodies({ soft: 10 * body.length, hard: 10 * body.length })(piecesOf(body), () => {}))
    ).equals(body)
  )
})

test('a body is cut into pieces of one size, the last of which may be shorter but not empty', async (t) => {
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

/** Bodies of 100 bytes of memory each. */
function bodies(t: Test) {
  let now = 5_000
  const streamLarge = createLargeBodies({ soft: 200, hard: 400 }, () => now)
  const dropped: string[] = []
  const start = (name: string) => {
    const stream = streamLarge({ ...piecesOf(body), memory: 100 }, () => {
      dropped.push(name)
      stream.destroy()
    })
    t.teardown(() => stream.destroy())
    return stream
  }
  return { start, dropped, pass: (milliseconds: number) => (now += milliseconds) }
}

test('clients that read are not disconnected, however many they are, up to the hard limit', async (t) => {
  const { start, dropped } = bodies(t)
  const [first, second] = ['first', 'second', 'third', 'fourth'].map(start) as [Readable, Readable]
  t.strictSame(dropped, [])
  first.read()
  start('fifth')
  t.strictSame(dropped, ['second'], 'the one that has not read for longest')
  await once(second, 'close')
})

test('above the soft limit, clients that have not read for a second are disconnected', async (t) => {
  const { start, dropped, pass } = bodies(t)
  const [first] = ['first', 'second', 'third'].map(start) as [Readable]
  pass(999)
  first.read()
  start('fourth')
  t.strictSame(dropped, [])
  pass(1)
  first.resume()
  await once(first, 'close')
  start('fifth')
  t.strictSame(dropped, ['second', 'third'])
})

test('by the clock of the process, too, clients that have read lately are not disconnected', async (t) => {
  const clock = mock.method(performance, 'now', () => 5_000)
  t.teardown(() => clock.mock.restore())
  const dropped: number[] = []
  const streamLarge = createLargeBodies({ soft: 200, hard: 400 })
  for (const i of [1, 2, 3]) {
    const stream = streamLarge({ ...piecesOf(body), memory: 100 }, () => dropped.push(i))
    t.teardown(() => stream.destroy())
  }
  t.strictSame(dropped, [])
})

test('a body beyond the hard limit is not sent', async (t) => {
  const streamLarge = createLargeBodies({ soft: 200, hard: 400 }, () => 0)
  const { promise, resolve } = Promise.withResolvers<void>()
  streamLarge({ ...piecesOf(body), memory: 401 }, resolve).destroy()
  await promise
  t.pass('its client is disconnected')
})

test('below the soft limit, a client may be slow', async (t) => {
  const { start, dropped, pass } = bodies(t)
  start('first')
  pass(10_000)
  start('second')
  t.strictSame(dropped, [])
})

test('the memory of a sent body is released, so any number of bodies may follow', async (t) => {
  const { start, dropped, pass } = bodies(t)
  for (let i = 0; i < 6; i += 1) {
    await once(start(`body ${i}`).resume(), 'close')
    pass(1_000)
  }
  t.strictSame(dropped, [])
})
