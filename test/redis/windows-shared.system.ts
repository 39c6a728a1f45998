import { Redis } from 'ioredis'
import { type Test, test } from 'tap'
import { createThrottle } from '../../src/auth/throttle/throttle.ts'
import { openRedis } from '../../src/redis/redis.ts'
import { createWindows, type Limit } from '../../src/redis/windows.ts'
import { captureLog } from '../helpers/log.ts'
import { skip, startRedis } from '../helpers/redis-server.ts'
import { throttleBy } from '../helpers/throttle.ts'
import { until } from '../helpers/wait.ts'
import '../helpers/without-database.ts'

const nothing = { kind: 'test', lua: 'return {}' }
const secrets = [{ kid: '1', secret: 'a-long-value-that-only-the-tests-know' }]
const hour = 3_600_000

/** Two processes on one Redis. */
async function start(t: Test) {
  const server = await startRedis(t)
  const admin = new Redis(server.url)
  t.teardown(() => admin.disconnect())
  const connections = [1, 2].map(() => {
    const shared = openRedis(server.url, secrets, captureLog().log, { commandTimeout: 5_000 })
    t.teardown(shared.close)
    return shared
  })
  /** Waits until Redis has processed all commands. */
  async function settle() {
    for (const shared of connections)
      await until('Redis to answer', async () => (await shared.run(nothing, [], [])) !== undefined)
  }
  await settle()
  const both = connections.map((shared) => createWindows(shared, { kind: 'throttle', maxEntries: 10_000 }))
  const at = (i: number) => both[i % 2] as (typeof both)[number]
  return { server, admin, settle, at }
}

test('counts in Redis equal those of a single process, after random counts and give-backs', { skip }, async (t) => {
  const { at, admin, settle } = await start(t)
  const alone = createWindows(undefined, { kind: 'throttle', maxEntries: 10_000 })
  let seed = 7
  const random = (below: number) => {
    seed = (seed * 48_271) % 2_147_483_647
    return seed % below
  }
  for (let i = 0; i < 2_000; i++) {
    const limits: [Limit, Limit] = [
      { name: `near ${random(30)}@example.com`, max: 5, length: hour },
      { name: `far ${random(6)}`, max: 20, length: hour }
    ]
    const [here, there] = [await alone.count(limits), await at(random(2)).count(limits)]
    if (here.count !== there.count || here.wait > 0 !== there.wait > 0)
      return t.fail(`${i}: ${there.count}, ${there.wait} instead of ${here.count}, ${here.wait}`)
    if (random(3) === 0) {
      here.giveBack()
      there.giveBack()
      await settle()
    }
  }
  t.pass('2,000 counts')
  for (const key of await admin.keys('*')) {
    t.notMatch(key, /example|near|far/, 'nothing can be read from a key')
    t.ok((await admin.pttl(key)) > 0, 'and it expires')
  }
})

test('of 2,000 concurrent guesses over two processes no more could succeed than over one', { skip }, async (t) => {
  const { at } = await start(t)
  const passing = async (account: string, where: (i: number) => string) => {
    const guess = (i: number) => createThrottle({ enabled: true }, at(i)).begin(account, where(i), false)
    const guesses = await Promise.all(Array.from({ length: 2_000 }, (_, i) => guess(i)))
    return guesses.filter(({ mayPass }) => mayPass).length
  }
  t.equal(await passing('ann', () => 'one'), 10, 'from one address')
  t.equal(await passing('ben', (i) => `many ${i}`), 20, 'from 2,000')
})

test('an owner who logs in many times over two processes is not locked out', { skip }, async (t) => {
  const { at, settle } = await start(t)
  for (let round = 0; round < 5; round++) {
    const begin = (i: number) => createThrottle({ enabled: true }, at(i)).begin('ann', 'home', false)
    const attempts = await Promise.all(Array.from({ length: 10 }, (_, i) => begin(i)))
    t.ok(attempts.every(({ mayPass }) => mayPass))
    for (const { giveBack } of attempts) giveBack()
    await settle()
  }
})

const accidents = { emptied: 'flushall', 'killed and started again': 'restart' } as const
for (const [what, accident] of Object.entries(accidents))
  test(`counts are kept when Redis is ${what}`, { skip }, async (t) => {
    const { at, server, admin, settle } = await start(t)
    const guess = (i: number) => createThrottle({ enabled: true }, at(i)).begin('ann', 'home', false)
    for (let i = 0; i < 10; i++) t.ok((await guess(i)).mayPass)
    if (accident === 'flushall') await admin.flushall()
    else {
      const lost = settle()
      await server.restart()
      await lost
    }
    const more = []
    for (let i = 0; i < 20; i++) more.push((await guess(i)).mayPass)
    t.strictSame(more.slice(1), Array(19).fill(false), 'one of the two knew of nine')
  })

test('without Redis a process refuses the eleventh attempt from one address', async (t) => {
  const alone = throttleBy(Date.now)
  for (let i = 0; i < 10; i++) t.ok((await alone.begin('ann', 'home', false)).mayPass)
  t.notOk((await alone.begin('ann', 'home', false)).mayPass)
})
