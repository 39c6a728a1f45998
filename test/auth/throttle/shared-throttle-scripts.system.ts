import { test } from 'tap'
import { createThrottle } from '../../../src/auth/throttle/throttle.ts'
import { skip } from '../../helpers/redis-server.ts'
import { startShared } from '../../helpers/shared-throttles.ts'
import { outcome } from '../../helpers/throttle.ts'

test('over Redis, an attempt fares as it does in one process, whatever came before', { skip }, async (t) => {
  const { at, clock, pass, admin, settle } = await startShared(t, 2)
  const alone = createThrottle({ enabled: true }, clock)
  let seed = 7
  const random = (below: number) => {
    seed = (seed * 48_271) % 2_147_483_647
    return seed % below
  }
  for (let i = 0; i < 4_000; i++) {
    const attempt = [`${random(3)}@example.com`, `address ${random(6)}`, random(3) === 0] as const
    const [here, there] = [
      await outcome(() => alone.begin(...attempt)),
      await outcome(() => at(random(2)).begin(...attempt))
    ]
    const [waitHere, waitThere] = [here, there].map((one) => (typeof one === 'number' ? one : 0))
    if (waitHere !== waitThere) return t.fail(`attempt ${i}: ${waitThere} instead of ${waitHere}`)
    const what = random(12)
    for (const one of [here, there])
      if (typeof one !== 'number') {
        if (what === 0) one.succeed()
        if (what < 3) one.cancel()
      }
    await settle()
    pass([0, 0, 1, 900, 5_000, 60_000, 901_000, 3_600_000, 86_400_000][random(random(4) ? 4 : 9)] ?? 0)
  }
  t.pass('4,000 attempts')
  for (const key of await admin.keys('*')) {
    t.notMatch(key, /example|address/, 'nothing can be read from a key')
    t.ok((await admin.pttl(key)) > 0, 'and it goes by itself')
  }
})

test('of 5,000 guesses at once over two processes no more come through than over one', { skip }, async (t) => {
  const { at } = await startShared(t, 2)
  const through = async (where: (i: number) => string, isUsual: (i: number) => boolean) => {
    const guess = (i: number) => outcome(() => at(i).begin(`${where(0)}@example.com`, where(i), isUsual(i)))
    const guesses = await Promise.all(Array.from({ length: 5_000 }, (_, i) => guess(i)))
    return guesses.filter((one) => typeof one !== 'number').length
  }
  const never = () => false
  t.equal(await through(() => 'one', never), 10, 'from one address')
  t.equal(await through((i) => `many ${i}`, never), 10, 'from 5,000')
  t.equal(
    await through(
      (i) => `both ${i}`,
      (i) => i % 4 > 1
    ),
    20,
    'usual ones among them'
  )
})

const accidents = { emptied: 'flushall', 'killed and started again': 'restart' } as const
for (const [what, accident] of Object.entries(accidents))
  test(`what was counted is not forgotten when Redis is ${what}`, { skip }, async (t) => {
    const { at, server, admin, settle } = await startShared(t, 2)
    const guess = (i: number) => outcome(() => at(i).begin('ann@example.com', 'home', false))
    for (let i = 0; i < 10; i++) t.type(await guess(i), 'object')
    if (accident === 'flushall') await admin.flushall()
    else {
      const lost = settle()
      await server.restart()
      await lost
    }
    const more = []
    for (let i = 0; i < 20; i++) more.push(typeof (await guess(i)))
    t.strictSame(more.slice(1), Array(19).fill('number'), 'one of the two knew of nine')
  })
