import { test } from 'tap'
import { createSharedThrottle } from '../../../src/auth/throttle/shared-throttle.ts'
import { createThrottle, everywhere, usual } from '../../../src/auth/throttle/throttle.ts'
import { forget, giveBack } from '../../../src/auth/throttle/throttle-scripts.ts'
import type { Script, SharedCounts } from '../../../src/redis/redis.ts'
import { outcome } from '../../helpers/throttle.ts'

const minute = 60_000
const now = Date.UTC(2026, 0, 1)

/** A throttle on a Redis that says what it is made to say; nothing where that is undefined. */
function start() {
  const says: (number[] | undefined)[] = []
  const asked: number[][] = []
  const told: [Script, number[]][] = []
  const shared: SharedCounts = {
    async run(_script, _names, args) {
      asked.push(args)
      return says.shift()
    },
    tell: (script, _names, args) => void told.push([script, args]),
    close() {}
  }
  const throttle = createSharedThrottle(
    createThrottle({ enabled: true }, () => now),
    shared,
    () => now
  )
  const begin = (isUsual = false) => outcome(() => throttle.begin('ann@example.com', 'home', isUsual))
  return { says, asked, told, begin }
}

/** What Redis says of so many failures, its life being 5. */
const taken = (failures: number, wait = 0) => [wait, 5, now, failures, now + 15 * minute, failures, now, now + minute]

test('what all processes have counted is where this one goes on while Redis is away', async (t) => {
  const { says, begin, asked } = start()
  says.push(taken(8))
  t.type(await begin(), 'object')
  for (const expected of ['object', 'object', 'number']) t.equal(typeof (await begin()), expected)
  says.push(undefined)
  t.equal(await begin(), 900)
  t.strictSame(asked[1]?.slice(8), [8, now + 15 * minute, now + 15 * minute, 5, 8, now, now + minute, 5])
  t.strictSame([asked[2]?.at(8), asked[2]?.at(11)], [9, 0], 'Redis is handed what it has not heard of')
})

test('Redis is told the limits of the place: those of a usual one, or of everywhere else together', async (t) => {
  const { says, begin, asked } = start()
  for (const [i, limit] of [usual, everywhere].entries()) {
    says.push(taken(1))
    t.type(await begin(limit === usual), 'object')
    t.strictSame(asked[i]?.slice(4, 7), [limit.free, limit.longestWait, limit.failures])
  }
})

test('who waits in Redis waits', async (t) => {
  const { says, begin } = start()
  says.push(taken(10, 90_000))
  t.equal(await begin(), 90)
})

test('a right password ends the row everywhere, even if Redis did not answer in time', async (t) => {
  const { says, begin, told, asked } = start()
  for (const answer of [taken(9), undefined]) {
    says.push(answer)
    const attempt = await begin()
    if (typeof attempt === 'number') return t.fail('refused')
    attempt.succeed()
    t.strictSame(told.at(-1), [forget, []])
    await begin()
    t.equal(asked.at(-1)?.at(8), 0)
  }
})

test('an attempt that never reached the hash is given back where it was counted', async (t) => {
  const { says, begin, told } = start()
  says.push(taken(3))
  for (const expected of [[giveBack, [now, now]], undefined]) {
    const attempt = await begin()
    if (typeof attempt === 'number') return t.fail('refused')
    attempt.cancel()
    t.strictSame(told.pop(), expected)
  }
})
