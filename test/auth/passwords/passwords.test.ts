import { availableParallelism } from 'node:os'
import { mock } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { test } from 'tap'
import { createPasswords, passwordRefusal } from '../../../src/auth/passwords/passwords.ts'
import { problems } from '../../../src/http/problems.ts'

const cheap = createPasswords({ bcryptCost: 4 })
const atOnce = Math.max(1, Math.min(availableParallelism(), 4) - 1)

test('a password is right as a whole or not at all', async (t) => {
  const longest = `1!${'x'.repeat(70)}`
  const cases: [string, string, boolean][] = [
    ['correct-horse-7', 'correct-horse-7', true],
    ['correct-horse-7', 'Correct-horse-7', false],
    ['correct-horse-7', 'correct-horse-7 ', false],
    ['correct-horse-7', '', false],
    [longest, longest, true],
    [longest, `${longest}x`, false],
    [longest, longest.slice(0, -1), false],
    ['€'.repeat(24), '€'.repeat(24), true],
    ['€'.repeat(24), '€'.repeat(25), false],
    ['secret-7', 'secret-7\0', false],
    ['secret-7', 'secret-7\0secret-7', false],
    ['\ufffd-secret-7', '\ud800-secret-7', false],
    ['é-secret-7', 'e\u0301-secret-7', false]
  ]
  for (const [stored, given, right] of cases)
    t.equal(await cheap.verify(given, await cheap.hash(stored)), right, JSON.stringify([stored, given]))
})

test('nothing that bcrypt would cut is hashed', async (t) => {
  await t.rejects(cheap.hash('x'.repeat(73)))
})

test('a new password is refused for what no schema can say', async (t) => {
  const refused = [
    'P@ssw0rd',
    'p@SSW0RD',
    'Password1!',
    'Welcome1!',
    'Qwerty123!',
    'Admin123!',
    'P@$$w0rd123',
    '!QAZ2wsx',
    '1qaz@WSX',
    'pa$$w0rd',
    'Ann-7@Example.com',
    `${'€'.repeat(24)}1`,
    '1!\0',
    '1!\udc00'
  ]
  for (const password of refused)
    t.type(passwordRefusal(password, 'ann-7@example.com'), 'string', JSON.stringify(password))
  for (const password of [
    'correct-horse-7',
    'Str0ng!Pass',
    'Gatehouse-42!',
    '€'.repeat(24),
    '1!'.repeat(36),
    ' 1!      '
  ])
    t.equal(passwordRefusal(password, 'ann-7@example.com'), undefined, JSON.stringify(password))
})

test('a common password is refused with what to change', async (t) => {
  for (const common of ['P@ssw0rd', 'Welcome1!'])
    t.match(passwordRefusal(common, 'ann@example.com'), /close to a common password; take several words/)
})

test('a password is checked and the next one hashed in one turn', async (t) => {
  const stored = await cheap.hash('correct-horse-7')
  for (const [given, right] of [
    ['correct-horse-7', true],
    ['wrong-horse-7', false]
  ] as const) {
    const both = cheap.verifyAndHash(given, stored, 'another-horse-8')
    t.strictSame([cheap.running, cheap.waiting], [1, 0])
    const [isRight, made] = await both
    t.equal(isRight, right)
    t.ok(await cheap.verify('another-horse-8', made))
  }
})

test('without a hash to check against, the same work is done in vain', async (t) => {
  const passwords = createPasswords({ bcryptCost: 12 })
  const hash = await passwords.hash('correct-horse-7')
  /** Processor time, not time: what else the machine does makes no difference. */
  async function work(against: string | undefined): Promise<number> {
    const before = process.cpuUsage()
    t.equal(await passwords.verify('wrong', against), false)
    return process.cpuUsage(before).user
  }
  const [known, unknown, malformed] = [await work(hash), await work(undefined), await work(`${hash.slice(0, -1)}P`)]
  t.ok(unknown > known / 2, `${unknown} µs for nobody, ${known} µs for somebody`)
  t.ok(malformed < known / 2, `${malformed} µs for a hash that bcrypt would refuse: the measure tells them apart`)
  t.equal(await passwords.verify('', undefined), false)
})

test('a hash made at another cost is outdated, at the same cost it is not', async (t) => {
  const hash = await cheap.hash('correct-horse-7')
  t.equal(cheap.isOutdated(hash, 'secret'), false)
  t.equal(createPasswords({ bcryptCost: 5 }).isOutdated(hash, 'secret'), true)
})

test('when too many wait the next is told to come back, and who waits too long as well', async (t) => {
  mock.timers.enable({ apis: ['setTimeout'] })
  t.teardown(() => mock.timers.reset())
  const { hash, verify } = createPasswords({ bcryptCost: 10 })
  const ask = () =>
    hash('correct-horse-7').then(
      () => 'hashed',
      ({ status, code, reason, headers }) => `${status} ${code} ${reason} ${headers['retry-after']}`
    )
  const running = Array.from({ length: atOnce }, ask)
  const waiting = Array.from({ length: 32 * atOnce }, ask)
  t.equal(await ask(), '503 unavailable hash queue full 5')
  await t.rejects(verify('x', undefined), problems.unavailable('hash queue full', 5))
  mock.timers.tick(2_000)
  t.strictSame([...new Set(await Promise.all(waiting))], ['503 unavailable hash queue slow 5'])
  t.strictSame([...new Set(await Promise.all(running))], ['hashed'], 'what has begun is finished')
  t.equal(await ask(), 'hashed', 'and then there is room again')
})

test('of a rush, no more are let in than may wait: the others are told after a while, and no work is done for them', async (t) => {
  mock.timers.enable({ apis: ['setTimeout'] })
  t.teardown(() => mock.timers.reset())
  const { admit } = createPasswords({ bcryptCost: 4 })
  const { promise: work, resolve: finish } = Promise.withResolvers<string>()
  const inside = Array.from({ length: 32 * atOnce }, () => admit(() => work))
  let told = false
  const refused = admit(async () => t.fail('not this one')).finally(() => {
    told = true
  })
  const rejected = t.rejects(refused, problems.unavailable('too many wait for a hash', 5))
  mock.timers.tick(499)
  await setImmediate()
  t.notOk(told)
  mock.timers.tick(1_001)
  await rejected
  finish('done')
  t.strictSame([...new Set(await Promise.all(inside))], ['done'])
  await t.rejects(
    admit(() => Promise.reject(new Error('it failed'))),
    { message: 'it failed' }
  )
  t.equal(await admit(async () => 'room again'), 'room again')
})
