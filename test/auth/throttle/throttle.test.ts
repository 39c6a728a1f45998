import { createHash } from 'node:crypto'
import { test } from 'tap'
import { createThrottle } from '../../../src/auth/throttle/throttle.ts'
import { startThrottle as start, throttleBy } from '../../helpers/throttle.ts'

const minute = 60_000
const hour = 60 * minute

const zeros = (count: number) => Array(count).fill(0)

test('an address has ten failures per account in a quarter of an hour, and then waits until its end', async (t) => {
  const { fail, pass } = start()
  t.strictSame(await fail(1, 'office'), [0])
  pass(5 * minute)
  t.strictSame(await fail(9, 'office'), zeros(9))
  pass(4 * minute)
  t.strictSame(await fail(3, 'office'), [360, 360, 360], 'refused attempts do not make the wait longer')
  t.strictSame(await fail(1, 'office', { account: 'ben@example.com' }), [0], 'another account from there')
  t.strictSame(await fail(1, 'elsewhere'), [0], 'the account from elsewhere')
  pass(6 * minute - 1)
  t.strictSame(await fail(1, 'office'), [1])
  pass(1)
  t.strictSame(await fail(1, 'office'), [0])
})

test('an account and an address that join to the same text as others are counted separately', async (t) => {
  const { fail } = start()
  await fail(10, 'moffice', { account: 'ann@example.co' })
  t.strictSame(await fail(1, 'office', { account: 'ann@example.com' }), [0])
})

test('refused attempts of one address do not count against the account elsewhere', async (t) => {
  const { fail } = start()
  await fail(500, 'office')
  t.strictSame(await fail(11), [...zeros(10), 900])
})

test('an account has twenty failures in a quarter of an hour and seventy in a day, over all addresses', async (t) => {
  const { fail, pass } = start()
  for (const more of [20, 20, 20]) {
    t.strictSame(await fail(more + 1), [...zeros(more), 900])
    pass(15 * minute)
  }
  t.strictSame(await fail(11), [...zeros(10), 24 * 3600 - 45 * 60])
  pass(24 * hour - 45 * minute)
  t.strictSame(await fail(1), [0])
})

test('of 5,000 failures in a day from as many addresses, at most 100 could have succeeded', async (t) => {
  for (const step of [0, 1000, 15_000]) {
    const { begin, pass } = start()
    let passing = 0
    for (let i = 0; i < 5_000; i++) {
      if ((await begin(`address ${i}`, { isUsual: i % 3 === 0 })).mayPass) passing += 1
      pass(step)
    }
    t.ok(passing >= 20 && passing <= 100, `${passing} with ${step} ms between them`)
  }
})

test("an outsider's answers do not depend on the owner's location or logins", async (t) => {
  /** The waits of an attacker at three addresses, the owner's among them, over a day. */
  async function attack(owner: { isUsual: boolean; logsIn: boolean }) {
    const { begin, fail, pass } = start()
    const told: number[][] = []
    for (const count of [3, 12, 30, 1, 90]) {
      if (owner.logsIn) for (let i = 0; i < 3; i++) (await begin('home', { isUsual: true })).giveBack()
      told.push(await fail(count, 'home', { isUsual: owner.isUsual }), await fail(count, 'abroad'), await fail(count))
      pass(7 * minute)
    }
    return told
  }
  const nobody = await attack({ isUsual: false, logsIn: false })
  t.ok(nobody.flat().some((wait) => wait > 0) && nobody.flat().some((wait) => wait === 0))
  t.strictSame(await attack({ isUsual: true, logsIn: false }), nobody)
  t.strictSame(await attack({ isUsual: true, logsIn: true }), nobody)
})

test('an attack from elsewhere does not lock the owner out of a usual address, nor one from there at first', async (t) => {
  const { begin, fail, pass } = start()
  for (let i = 0; i < 2_000; i++) {
    await fail(1)
    pass(30_000)
  }
  t.notOk((await begin()).mayPass, 'elsewhere no password is right')
  for (let i = 0; i < 20; i++) {
    const attempt = await begin('home', { isUsual: true })
    t.ok(attempt.mayPass)
    attempt.giveBack()
  }
  const left = []
  for (let i = 0; i < 12; i++) left.push((await begin('home', { isUsual: true })).mayPass)
  t.strictSame(left, [...Array(10).fill(true), false, false])
  pass(8 * hour)
  t.ok((await begin('home', { isUsual: true })).mayPass)
})

test('five concurrent attempts with the right password all succeed', async (t) => {
  const { begin } = start()
  for (let round = 0; round < 50; round++)
    for (const attempt of await Promise.all(Array.from({ length: 5 }, () => begin('home')))) {
      if (!attempt.mayPass) t.fail(`refused in round ${round}`)
      attempt.giveBack()
    }
  t.pass('250 attempts')
})

test('of 200 concurrent wrong passwords, no more than the limits allow can succeed', async (t) => {
  const passing = async (where: (i: number) => string) => {
    const { begin } = start()
    const all = await Promise.all(Array.from({ length: 200 }, (_, i) => begin(where(i))))
    return all.filter(({ mayPass }) => mayPass).length
  }
  t.equal(await passing(() => 'one'), 10)
  t.equal(await passing((i) => `address ${i}`), 20)
})

test('an attempt that is given back does not count, even if other attempts failed in between', async (t) => {
  const { begin, fail } = start()
  for (let i = 0; i < 100; i++) (await begin('home')).giveBack()
  const slow = await begin('home')
  t.strictSame(await fail(10, 'home'), [...zeros(9), 900])
  slow.giveBack()
  t.strictSame(await fail(2, 'home'), [0, 900])
})

test('giving back a refused attempt does not free the full window', async (t) => {
  const { begin, fail } = start()
  await fail(10, 'home')
  for (let i = 0; i < 3; i++) {
    const refused = await begin('home', { isUsual: true })
    t.ok(refused.wait > 0)
    refused.giveBack()
  }
  t.strictSame(await fail(1, 'home'), [900])
  t.strictSame(await fail(11), [...zeros(10), 900], 'and counted nothing against the account')
})

test('right passwords during an attack on the account do not count against their address', async (t) => {
  const { begin, fail, pass } = start()
  t.strictSame(await fail(21), [...zeros(20), 900])
  pass(5 * minute)
  for (let i = 0; i < 10; i++) (await begin('home', { isUsual: true })).giveBack()
  t.strictSame(await fail(1, 'home'), [600], 'the account is full, the address is not')
  pass(10 * minute)
  t.strictSame(await fail(10, 'home'), [...zeros(9), 300])
})

test('the oldest windows are evicted', async (t) => {
  const { fail } = start(100)
  await fail(10, 'home')
  t.not((await fail(1, 'home'))[0], 0)
  for (let i = 0; i < 40; i++) await fail(1, 'home', { account: `${i}@example.com` })
  t.strictSame(await fail(1, 'home'), [0])
})

test('without limits nothing is counted', async (t) => {
  const throttle = throttleBy(Date.now, { enabled: false })
  for (let i = 0; i < 200; i++) {
    const { mayPass, wait } = await throttle.begin('ann@example.com', 'home', false)
    if (!mayPass || wait > 0) t.fail('refused')
  }
  const attempt = await throttle.begin('ann@example.com', 'home', false)
  t.doesNotThrow(attempt.giveBack)
})

test('counter names are the same in every process and version, and do not reveal the account', async (t) => {
  const counted: string[] = []
  const throttle = createThrottle(
    { enabled: true },
    {
      async count(limits) {
        counted.push(...limits.map(({ name }) => name))
        return { wait: 1, count: 1, ttl: 1, giveBack: () => {} }
      }
    }
  )
  for (const isUsual of [true, false]) await throttle.begin('ann', 'home', isUsual)
  const name = (...parts: string[]) =>
    createHash('sha256').update(parts.join('\n')).digest().subarray(0, 17).toString('base64url').slice(0, 22)
  const always = [name('prefix', 'ann', 'home'), name('everywhere', 'ann'), name('day', 'ann')]
  t.strictSame(counted, [...always, name('usual', 'ann'), ...always, name('unusual', 'ann')])
})
