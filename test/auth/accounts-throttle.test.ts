import t, { test } from 'tap'
import type { AuthResponse } from '../../schemas/users.ts'
import { createPasswords, type Passwords } from '../../src/auth/passwords/passwords.ts'
import { createAccessTokens } from '../../src/auth/tokens/access-tokens.ts'
import type { AccessToken } from '../../src/auth/tokens/claims.ts'
import { parseJws } from '../../src/auth/tokens/jws.ts'
import { problems } from '../../src/http/problems.ts'
import { accountsOn, clientAt } from '../helpers/accounts.ts'
import { password, startApp } from '../helpers/app.ts'
import { throttleBy } from '../helpers/throttle.ts'

const { app, config } = await startApp(t)
let now = Date.now()
const clock = () => now
/** A fast replacement for hashing, so that many attempts run before any times out. */
const passwords = {
  ...createPasswords({ ...config, rateLimit: { enabled: false } }),
  hash: async (text: string) => text,
  verify: async (text: string, hash: string | undefined) => text === hash,
  verifyAndHash: async (text: string, hash: string, next: string): Promise<[boolean, string]> => [text === hash, next],
  isOutdated: () => false
}
const start = (others: object = {}) =>
  accountsOn(t, app, config, { passwords, throttle: throttleBy(clock), clock, ...others })

const home = clientAt('192.0.2.1')
const crowd = (size: number) => Array.from({ length: size }, (_, i) => clientAt(`198.51.100.${i}`))

const { verify } = createAccessTokens(config, app.jwt, Date.now)
async function signUp(accounts: ReturnType<typeof start>) {
  const newUser = { email: `${crypto.randomUUID()}@example.com`, name: 'x', password }
  const { user, access_token } = (await accounts.register(newUser, home)) as AuthResponse
  return { ...user, token: verify(parseJws(access_token)) as AccessToken }
}
const outcome = (attempt: Promise<unknown>) =>
  attempt.then(
    () => 'in',
    ({ code }) => code as string
  )
const tally = (outcomes: string[]) =>
  Object.fromEntries([...Map.groupBy(outcomes, (outcome) => outcome)].map(([outcome, all]) => [outcome, all.length]))

test('of concurrent wrong passwords, ten from one address and twenty from all addresses are checked', async (t) => {
  const accounts = start()
  for (const [clients, most] of [
    [Array(30).fill(home), 10],
    [crowd(30), 20]
  ] as const) {
    const { email } = await signUp(accounts)
    const attempts = clients.map((client) => outcome(accounts.login({ email, password: 'wrong' }, client)))
    const told = tally(await Promise.all(attempts))
    t.strictSame(told, { invalid_credentials: most, too_many_requests: 30 - most })
  }
})

test('an owner can log in five times concurrently during an attack', async (t) => {
  const accounts = start()
  const { email } = await signUp(accounts)
  for (let round = 0; round < 5; round++) {
    const attack = crowd(20).map((client) => outcome(accounts.login({ email, password: 'wrong' }, client)))
    const tabs = Array.from({ length: 5 }, () => outcome(accounts.login({ email, password }, home)))
    t.strictSame(tally(await Promise.all(tabs)), { in: 5 })
    await Promise.all(attack)
    now += 1000
  }
})

test('an attempt that could not be hashed in time is not counted', async (t) => {
  const full = () => Promise.reject(problems.unavailable('hash queue full', 5))
  const busy: Passwords = {
    ...passwords,
    enqueue: (client, work) => passwords.enqueue(client, (hasher) => work({ ...hasher, verify: full }))
  }
  const throttle = throttleBy(clock)
  const { email } = await signUp(start())
  const login = (accounts: ReturnType<typeof start>) => outcome(accounts.login({ email, password }, home))
  const tired = start({ throttle, passwords: busy })
  for (let i = 0; i < 20; i++) t.equal(await login(tired), 'unavailable')
  t.equal(await login(start({ throttle })), 'in')
})

test('a login that overlaps a password change leaves no session behind', async (t) => {
  const accounts = start()
  for (let round = 0; round < 10; round++) {
    const { id, email, token } = await signUp(accounts)
    const change = accounts.changePassword(token, { current_password: password, new_password: 'another-horse-8' }, home)
    const logins = Array.from({ length: 4 }, () => outcome(accounts.login({ email, password }, home)))
    await Promise.all([change, ...logins])
    const sessions = await app.db.selectFrom('sessions').select('id').where('user_id', '=', id).execute()
    t.equal(sessions.length, 1, 'only the one that the change opened')
  }
})

test('of two concurrent password changes one succeeds, and only its sessions remain', async (t) => {
  const accounts = start()
  const { email, token } = await signUp(accounts)
  const change = (new_password: string) =>
    outcome(accounts.changePassword(token, { current_password: password, new_password }, home))
  const given = ['another-horse-8', 'third-horse-9']
  const outcomes = await Promise.all(given.map(change))
  const [refusal = ''] = outcomes.filter((outcome) => outcome !== 'in')
  t.strictSame(tally(outcomes), { in: 1, [refusal]: 1 })
  // The second, where it begins to check its old password after the first has ended.
  t.match(refusal, /^(token_revoked|invalid_credentials)$/)
  const opens = await Promise.all(given.map((password) => outcome(accounts.login({ email, password }, home))))
  t.strictSame(
    opens.map((outcome) => outcome === 'in'),
    outcomes.map((outcome) => outcome === 'in'),
    'the one that was told so opens'
  )
})
