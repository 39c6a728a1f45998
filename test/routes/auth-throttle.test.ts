import t, { test } from 'tap'
import { password, startApp } from '../helpers/app.ts'

const minute = 60_000
let now = Date.now()
const { anyone, signUp } = await startApp(t, { settings: { RATE_LIMIT_ENABLED: 'true' }, clock: () => now })

const login = (email: string, given: string, remoteAddress: string) =>
  anyone.post('/api/auth/login', { email, password: given }, { remoteAddress })
const statuses = (answers: { statusCode: number }[]) => answers.map(({ statusCode }) => statusCode)

let network = 0
/** An unused address. */
const fresh = () => `2001:db8:${(network++).toString(16)}:1::1`

test('an account that does not exist is throttled exactly like one that does', async (t) => {
  /** The client's view of twelve failures, an hour of failures from many addresses, and afterwards. */
  async function attack(email: string) {
    const start = now
    const seen: unknown[] = []
    const [one, many] = [fresh(), Array.from({ length: 12 }, fresh)]
    for (const address of [...Array(12).fill(one), ...many, ...many]) {
      const answer = await login(email, 'wrong', address)
      // The limit of the address has its own clock.
      const { date, 'x-request-id': id, 'ratelimit-reset': reset, ...headers } = answer.headers
      seen.push([answer.statusCode, headers, answer.body.replace(String(id), '')])
      now += 1000
    }
    now = start
    return seen
  }
  const ann = await signUp()
  const known = await attack(ann.email)
  t.strictSame(await attack('nobody@example.com'), known)
  t.match(known[9], [401, { 'www-authenticate': 'Bearer realm="gatehouse"' }, /invalid_credentials/])
  t.match(known[10], [429, { 'retry-after': /^\d+$/ }, /too_many_requests/])
})

test('after ten failures from an address, even the right password is refused for a quarter of an hour', async (t) => {
  const ann = await signUp()
  const home = fresh()
  for (let i = 0; i < 10; i++) t.equal((await login(ann.email, 'wrong', home)).statusCode, 401)
  now += minute
  const refused = await login(ann.email, password, home)
  t.equal(refused.statusCode, 429)
  t.equal(refused.headers['retry-after'], String(14 * 60))
  now += 14 * minute
  t.equal((await login(ann.email, password, home)).statusCode, 200)
})

test('an IPv6 /64 counts as one address', async (t) => {
  const ann = await signUp()
  const from = (host: number) => `2001:db8:ffff:1::${host}`
  for (let i = 1; i <= 10; i++) t.equal((await login(ann.email, 'wrong', from(i))).statusCode, 401)
  t.match((await login(ann.email, 'wrong', from(11))).headers, { 'retry-after': '900' })
})

test('during an attack from everywhere the owner can log in from a usual address', async (t) => {
  const ann = await signUp()
  const home = fresh()
  t.equal((await login(ann.email, password, home)).statusCode, 200)
  for (let i = 0; i < 20; i++) await login(ann.email, 'wrong', fresh())
  t.equal((await login(ann.email, password, fresh())).statusCode, 429, 'elsewhere nothing goes')
  t.equal((await login(ann.email, password, home)).statusCode, 200)
})

test('a successful login neither counts as a failure nor resets the failures of its address', async (t) => {
  const { email } = await signUp()
  const home = fresh()
  const given = [password, ...Array(9).fill('wrong'), password, 'wrong', 'wrong', password]
  const answers = []
  for (const one of given) answers.push(await login(email, one, home))
  t.strictSame(
    statuses(answers),
    [200, ...Array(9).fill(401), 200, 401, 429, 200],
    'the owner is let in at the end too'
  )
})

test('at another network the answers reveal neither the account nor where its owner logs in', async (t) => {
  /** The attacker's view at a network after an attack from others. */
  async function probe(email: string, second: string) {
    const start = now
    for (let i = 0; i < 25; i++) await login(email, 'wrong', fresh())
    const seen: unknown[] = []
    for (let i = 0; i < 12; i++) {
      const answer = await login(email, 'wrong', second)
      // The limit of the address also counts the owner's own login.
      const {
        date,
        'x-request-id': id,
        'ratelimit-reset': reset,
        'ratelimit-remaining': remaining,
        ...headers
      } = answer.headers
      seen.push([answer.statusCode, headers, answer.body.replace(String(id), '')])
      now += 2 * minute
    }
    now = start
    return seen
  }
  const [ann, home] = [await signUp(), fresh()]
  t.equal((await login(ann.email, password, home)).statusCode, 200)
  const nobody = await probe('nobody.2@example.com', fresh())
  t.match(nobody[0], [429, { 'retry-after': '900' }, /too_many_requests/])
  t.strictSame(await probe((await signUp()).email, fresh()), nobody, 'an account whose owner is elsewhere')
  t.strictSame(await probe(ann.email, home), nobody, 'one whose owner logs in from there')
})
