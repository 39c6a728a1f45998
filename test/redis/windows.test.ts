import { test } from 'tap'
import type { SharedCounts } from '../../src/redis/redis.ts'
import { createWindows } from '../../src/redis/windows.ts'

/** A Redis that answers with the next of these; not at all where that is undefined. */
function answering(answers: (number[] | undefined)[]) {
  const asked: number[][] = []
  const run: SharedCounts['run'] = async (_script, _names, args) => {
    asked.push(args)
    return answers.shift()
  }
  return { asked, shared: { run, tell: () => {}, close: () => {} } }
}

test('all processes count together, and where Redis goes each goes on from there', async (t) => {
  const { shared, asked } = answering([[8, 30_000], undefined, undefined, [40, 20_000]])
  const increase = createWindows(shared, 10)
  const count = async () => (await increase('ann', 60_000, 100)).current
  t.strictSame([await count(), await count(), await count(), await count()], [8, 9, 10, 40])
  t.strictSame(
    asked.map(([length, seen]) => [length, seen]),
    [
      [60_000, 0],
      [60_000, 8],
      [60_000, 9],
      [60_000, 10]
    ],
    'Redis is told what was counted without it'
  )
})

test('a flood of one address is not handed on', async (t) => {
  const { shared, asked } = answering([
    [101, 30_000],
    [1, 60_000]
  ])
  const increase = createWindows(shared, 10)
  for (let i = 0; i < 5; i++) t.equal((await increase('ann', 60_000, 100)).current, 101)
  t.equal(asked.length, 1)
  t.equal((await increase('ben', 60_000, 100)).current, 1)
})

test('a window ends', async (t) => {
  const { shared } = answering([[101, -1], undefined])
  const increase = createWindows(shared, 10)
  await increase('ann', 60_000, 100)
  const { current, ttl } = await increase('ann', 60_000, 100)
  t.equal(current, 1)
  t.ok(ttl > 0 && ttl <= 60_000)
})
