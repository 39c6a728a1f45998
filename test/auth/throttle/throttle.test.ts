import { test } from 'tap'
import { createThrottle } from '../../../src/auth/throttle/throttle.ts'
import { startThrottle as start } from '../../helpers/throttle.ts'

const minute = 60_000
const day = 24 * 60 * minute

const zeros = (count: number) => Array(count).fill(0)

test('an address has ten failures with an account in a quarter of an hour, and waits for its end', async (t) => {
  const { fail, pass } = start()
  t.strictSame(fail(1, 'office', { isUsual: true }), [0])
  pass(5 * minute)
  t.strictSame(fail(9, 'office', { isUsual: true }), zeros(9))
  pass(4 * minute)
  t.strictSame(fail(3, 'office', { isUsual: true }), [360, 360, 360], 'refused attempts do not make the wait longer')
  t.strictSame(fail(1, 'office', { account: 'ben@example.com' }), [0], 'another account from there')
  pass(6 * minute - 1)
  t.strictSame(fail(1, 'office', { isUsual: true }), [1])
  pass(1)
  t.strictSame(fail(11, 'office', { isUsual: true }).filter((wait) => wait === 0).length, 1, 'the longer row goes on')
})

test('over all addresses each failure after the first ten costs a longer wait, up to a quarter of an hour', async (t) => {
  const { fail, pass } = start()
  t.strictSame(fail(10), zeros(10))
  const waits = []
  for (let i = 0; i < 14; i++) {
    const [wait = 0, again] = fail(2)
    t.equal(again, wait)
    waits.push(wait)
    pass(wait * 1000 - 1)
    t.strictSame(fail(1), [1], 'not a moment before')
    pass(1)
    t.strictSame(fail(1), [0])
  }
  t.strictSame(waits, [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900, 900])
})

test('of 5,000 failures from as many addresses, the usual ones among them, at most 100 reach the hash', async (t) => {
  for (const step of [0, 1000, 15_000]) {
    const { fail, pass } = start()
    let reached = 0
    for (let i = 0; i < 5_000; i++) {
      if (fail(1, `address ${i}`, { isUsual: i % 3 === 0 })[0] === 0) reached += 1
      pass(step)
    }
    t.ok(reached >= 20 && reached <= 100, `${reached} with ${step} ms between them`)
  }
})

test('an account under attack for a day takes no more guesses, until a day has passed without one', async (t) => {
  const { fail, pass } = start()
  let [wait = 0] = fail(10)
  while (wait < 3600) {
    pass(wait * 1000)
    wait = fail(2)[1] ?? 0
  }
  t.equal(wait, day / 1000)
  pass(day - 1)
  t.strictSame(fail(1), [1])
  pass(2)
  t.strictSame(fail(1), [0])
})

test('an attack from elsewhere does not use up what the owner has at a usual address', async (t) => {
  const { begin, fail, pass } = start()
  for (let i = 0; i < 2_000; i++) {
    fail(1)
    pass(30_000)
  }
  t.not(fail(1)[0], 0, 'elsewhere nothing goes')
  t.type(begin('home', { isUsual: true }), 'object')
})

test('five attempts at once by an owner who knows the password are all let through', async (t) => {
  const { begin } = start()
  for (let round = 0; round < 50; round++)
    for (const attempt of Array.from({ length: 5 }, () => begin('home'))) {
      if (typeof attempt === 'number') t.fail(`refused in round ${round}`)
      else attempt.succeed()
    }
  t.pass('250 attempts')
})

test('200 wrong passwords at once: no more than the free ones reach the hash', async (t) => {
  const { fail } = start()
  t.strictSame(fail(200, 'one').filter((wait) => wait === 0).length, 10, 'from one address')
  const other = start()
  t.strictSame(other.fail(200).filter((wait) => wait === 0).length, 10, 'from 200 addresses')
})

test('a success ends the row, there and over all addresses', async (t) => {
  const { begin, fail } = start()
  for (let i = 0; i < 5; i++) {
    t.strictSame(fail(8, 'home'), zeros(8))
    const attempt = begin('home')
    if (typeof attempt !== 'number') attempt.succeed()
  }
})

test('an attempt that never reached the hash leaves no trace, whatever came since', async (t) => {
  const { begin, fail, pass } = start()
  const cancel = (attempt: ReturnType<typeof begin>) =>
    typeof attempt === 'number' ? t.fail('refused') : attempt.cancel()
  for (let i = 0; i < 100; i++) cancel(begin('home'))
  t.strictSame(fail(9, 'home'), zeros(9))
  for (let i = 0; i < 100; i++) cancel(begin('home'))
  t.strictSame(fail(2, 'home'), [0, 900], 'nor the wait that it would have cost')

  pass(1000)
  const slow = begin()
  pass(2000)
  t.strictSame(fail(2), [0, 4])
  cancel(slow)
  t.strictSame(fail(1), [4], 'but the wait that another one costs')

  const other = start()
  const [early, late] = [other.begin('home'), other.begin('home')]
  cancel(early)
  if (typeof late !== 'number') late.succeed()
  cancel(early)
  t.strictSame(other.fail(11, 'home').slice(9), [0, 900], 'a success in between loses nothing')
})

test('more accounts than are remembered push out the oldest', async (t) => {
  const { fail } = start(100)
  fail(10, 'home')
  t.not(fail(1, 'home')[0], 0)
  for (let i = 0; i < 60; i++) fail(1, 'home', { account: `${i}@example.com` })
  t.strictSame(fail(1, 'home'), [0])
})

test('without limits nothing is counted', async (t) => {
  const throttle = createThrottle({ enabled: false }, Date.now)
  for (let i = 0; i < 200; i++) throttle.begin('ann@example.com', 'home', false).cancel()
  throttle.begin('ann@example.com', 'home', false).succeed()
  t.pass('201 attempts')
})
