import { test } from 'tap'
import type { Script, SharedCounts } from '../../src/redis/redis.ts'
import { createWindows, type Limit } from '../../src/redis/windows.ts'

const now = Date.UTC(2026, 0, 1)

/** Windows on a fake Redis with these answers; undefined means none. */
function on(answers: (number[] | undefined)[]) {
  const asked: number[][] = []
  const told: [Script, string[]][] = []
  const shared: SharedCounts = {
    async run(_script, _names, args) {
      asked.push(args)
      return answers.shift()
    },
    send: (script, names) => void told.push([script, names]),
    close() {}
  }
  const windows = createWindows(shared, { kind: 'test', maxEntries: 10, clock: () => now })
  return { asked, told, count: windows.count }
}
const ann: Limit = { name: 'ann', max: 100, length: 60_000 }
const all: Limit = { name: 'all', max: 200, length: 90_000 }

test('processes count together, and when Redis is down each one continues from there', async (t) => {
  const { count, asked } = on([[5, 0, 8, 30_000], undefined, undefined, [6, 0, 40, 20_000], [6, 0, 41, 20_000]])
  const counts = []
  for (let i = 0; i < 5; i++) counts.push((await count([ann])).count)
  t.strictSame(counts, [8, 9, 10, 40, 41])
  t.strictSame(
    asked.map((args) => args.slice(1)),
    [
      [60_000, 100, 0, 60_000, 0],
      [60_000, 100, 8, 30_000, 5],
      [60_000, 100, 9, 30_000, 0],
      [60_000, 100, 10, 30_000, 0],
      [60_000, 100, 40, 20_000, 6]
    ],
    'Redis is told what was counted without it'
  )
})

test('the first full window determines the wait', async (t) => {
  const { count } = on([[5, 2, 3, 60_000, 200, 7_000], undefined])
  t.match(await count([ann, all]), { wait: 7_000, count: 3, ttl: 60_000 })
  t.match(await count([ann, all]), { wait: 7_000, count: 4 }, 'as this process knows')
})

test('a window that is full until its end is not queried again', async (t) => {
  const { count, asked } = on([
    [5, 1, 100, 30_000],
    [5, 0, 1, 60_000]
  ])
  for (let i = 0; i < 5; i++) t.match(await count([ann], { isFinal: true }), { wait: 30_000, count: 100 })
  t.equal(asked.length, 1)
  t.match(await count([{ ...ann, name: 'ben' }], { isFinal: true }), { wait: 0, count: 1 })
})

test('a count is given back locally and in Redis, even after a timeout', async (t) => {
  const { count, told, asked } = on([[5, 0, 3, 60_000, 1, 90_000], undefined])
  for (let i = 0; i < 2; i++) {
    const { giveBack } = await count([ann, all])
    giveBack()
    t.strictSame(told.pop()?.[1], ['ann', 'all'])
  }
  await count([ann, all])
  t.strictSame([asked.at(-1)?.at(3), asked.at(-1)?.at(8)], [2, 0], 'what Redis is told of')
  const full = await on([[5, 1, 100, 1_000]]).count([ann])
  t.doesNotThrow(full.giveBack, 'nothing was counted')
})

test('a full window allows calls again after its end', async (t) => {
  const { count } = on([[5, 0, 99, -1], undefined])
  await count([ann])
  t.match(await count([ann]), { count: 1, ttl: 60_000 })
})
