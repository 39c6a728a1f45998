import { test } from 'tap'
import { createPasswords, passwordRefusal } from '../../../src/auth/passwords/passwords.ts'
import { clientAt } from '../../helpers/accounts.ts'
import { until } from '../../helpers/wait.ts'

test('a password is refused if it is common, mainly the email or the product name, or not hashable by bcrypt', async (t) => {
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
    '42 Ann-7!',
    'ann-7-1990',
    'Gatehouse-42!',
    '1!gatehouse',
    `${'€'.repeat(24)}1`,
    '1!\0',
    '1!\udc00'
  ]
  for (const password of refused)
    t.type(passwordRefusal(password, 'ann-7@example.com'), 'string', JSON.stringify(password))
  for (const password of [
    'correct-horse-7',
    'Str0ng!Pass',
    'Gatehouses-42!',
    'Gateway-ann-7',
    '€'.repeat(24),
    '1!'.repeat(36),
    ' 1!      '
  ])
    t.equal(passwordRefusal(password, 'ann-7@example.com'), undefined, JSON.stringify(password))
})

test('a common password is refused with advice', async (t) => {
  for (const common of ['P@ssw0rd', 'Welcome1!'])
    t.match(passwordRefusal(common, 'ann@example.com'), /close to a common password; use several unrelated words/)
})

const home = clientAt('192.0.2.1')

test('verifying a password and hashing the next one is one job of the queue', async (t) => {
  const passwords = createPasswords({ bcryptCost: 4 })
  const stored = await passwords.enqueue(home, ({ hash }) => hash('correct-horse-7'))
  for (const [given, right] of [
    ['correct-horse-7', true],
    ['wrong-horse-7', false]
  ] as const) {
    const both = passwords.enqueue(home, ({ verifyAndHash }) => verifyAndHash(given, stored, 'another-horse-8'))
    t.strictSame([passwords.running, passwords.waiting], [1, 0])
    const [isRight, made] = await both
    t.equal(isRight, right)
    t.ok(await passwords.enqueue(home, ({ verify }) => verify('another-horse-8', made)))
  }
})

test('a login is checked before a registration that was queued earlier', async (t) => {
  const passwords = createPasswords({ bcryptCost: 4, workers: 64 })
  const order: string[] = []
  const ask = (name: string, ip: string, options = {}) =>
    passwords.enqueue(
      clientAt(ip),
      async ({ verify }) => {
        order.push(name)
        await verify('x', undefined)
      },
      options
    )
  await Promise.all([
    ask('first', '203.0.113.1'),
    ask('registration', '198.51.100.1', { signingUp: true }),
    ask('login', '192.0.2.1')
  ])
  t.strictSame(order, ['first', 'login', 'registration'])
})

test('an address with right passwords is served before one with wrong passwords', async (t) => {
  let now = 0
  // Every run takes as long, also on a busy machine.
  const passwords = createPasswords({ bcryptCost: 4, workers: 64, clock: () => now++ })
  const [right, wrong] = [clientAt('198.51.100.1'), clientAt('203.0.113.1')]
  const stored = await passwords.enqueue(home, ({ hash }) => hash('correct-horse-7'))
  for (let i = 0; i < 3; i++) {
    await passwords.enqueue(right, ({ verify }) => verify('correct-horse-7', stored))
    await passwords.enqueue(wrong, ({ verify }) => verify('wrong', stored))
  }
  const order: string[] = []
  const note = (name: string) => async () => void order.push(name)
  await Promise.all([
    passwords.enqueue(home, note('first')),
    passwords.enqueue(wrong, note('wrong')),
    passwords.enqueue(right, note('right'))
  ])
  t.strictSame(order, ['first', 'right', 'wrong'])
})

test('an idle job that fails does not stop the queue', async (t) => {
  const passwords = createPasswords({ bcryptCost: 4, rateLimit: { enabled: false } })
  let tried = false
  passwords.whenIdle('ann', async () => {
    tried = true
    throw new Error('it failed')
  })
  await until('the idle job', () => tried)
  await until('the hashes', () => passwords.running === 0)
  t.equal(await passwords.enqueue(home, async () => 'done'), 'done', 'the queue goes on')
})
