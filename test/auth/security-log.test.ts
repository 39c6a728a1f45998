import t, { test } from 'tap'
import { createAuth } from '../../src/auth/auth.ts'
import type { Change } from '../../src/auth/throttle/changes.ts'
import type { OwnToken } from '../../src/auth/tokens/claims.ts'
import { clientAt } from '../helpers/accounts.ts'
import { caller, password, startApp } from '../helpers/app.ts'
import { bridgeToken, seconds } from '../helpers/mint.ts'

/** An hour. */
const maxChanges = 100

let now = Date.now()
const { app, config, lines, anyone } = await startApp(t, {
  settings: { RATE_LIMIT_ENABLED: 'true', RATE_LIMIT_MAIL: '1000' },
  clock: () => now
})
const next = 'another-horse-8'
const from = { remoteAddress: '2001:db8:1:2:3:4:5:6', headers: { 'user-agent': `tap/21 ${'x'.repeat(600)}` } }
const where = { address: '2001:db8:1:2::', user_agent: from.headers['user-agent'].slice(0, 512) }

interface Account {
  email: string
  id: string
  token: string
  refreshToken: string
  session: string
}

/** All secrets that a client sends or receives; they must not be logged. */
const secrets = new Set([password, next, 'wrong-hush-hush-1'])

async function open(
  route: 'register' | 'login',
  body: { email: string; password: string; name?: string }
): Promise<Account> {
  const answer = await anyone.post(`/api/auth/${route}`, body, from)
  const { access_token: token, refresh_token: refreshToken, user } = answer.json()
  const { sid: session } = JSON.parse(Buffer.from(token.split('.')[1], 'base64url').toString())
  for (const secret of [body.email, ...token.split('.').slice(1), refreshToken]) secrets.add(secret)
  return { email: body.email, id: user.id, token, refreshToken, session }
}
const register = () => open('register', { email: `${crypto.randomUUID()}@example.com`, name: 'x', password })
const again = ({ email }: Account) => open('login', { email, password })
const refresh = (refresh_token: string) => anyone.post('/api/auth/refresh', { refresh_token }, from)
const change = (ann: Account, current_password: string) =>
  caller(app, ann.token).put('/api/auth/password', { current_password, new_password: next }, from)
const fail = (email: string) => anyone.post('/api/auth/login', { email, password: 'wrong-hush-hush-1' }, from)
async function times(count: number, act: () => Promise<unknown>) {
  for (let i = 0; i < count; i++) await act()
}

/** An action with the event, session and log level that it must leave. */
type Happening = [string, (ann: Account) => Promise<unknown>, { session?: boolean; nobody?: boolean; alarm?: boolean }?]
const alarm = true
const happenings: Happening[] = [
  ['login', again],
  ['login.failed', ({ email }) => fail(email), { alarm }],
  ['login.failed', () => fail('nobody@example.com'), { nobody: true, alarm }],
  ['logout', ({ token }) => caller(app, token).post('/api/auth/logout', undefined, from), { session: true }],
  ['password.changed', (ann) => change(ann, password)],
  ['password.failed', (ann) => change(ann, 'wrong-hush-hush-1'), { alarm }],
  ['step_up', ({ token }) => caller(app, token).post('/api/auth/step-up', { password }, from), { session: true }],
  ['sessions.ended', ({ token }) => caller(app, token).delete('/api/auth/sessions', undefined, from)],
  [
    'session.ended',
    ({ token, session }) => caller(app, token).delete(`/api/auth/sessions/${session}`, undefined, from),
    { session: true }
  ],
  ['account.deleted', ({ token }) => caller(app, token).post('/api/auth/profile/delete', { password }, from)]
]

/** What an event says, as it is: with `t.match`, a text passes that only contains the expected one. */
const origin = ({ event, user_id, session_id = null, address, user_agent }: Record<string, unknown>) => ({
  ...{ event, user_id, session_id, address, user_agent }
})

const rows = () => app.db.selectFrom('security_events').selectAll().orderBy('at').orderBy('id').execute()

/** Returns the rows and log lines that an action leaves. */
async function witness(act: () => Promise<unknown>) {
  const [before, from] = [(await rows()).length, lines.length]
  await act()
  const written = (await rows()).slice(before)
  const said = lines.slice(from).filter(({ msg }) => msg === 'security')
  for (const secret of secrets) {
    if (JSON.stringify([written, said]).includes(secret)) throw new Error(`It says ${secret}`)
  }
  return { written, said }
}

for (const [event, act, { session = false, nobody = false, alarm = false } = {}] of happenings)
  test(`${event} is stored once, with user, address and time${nobody ? ', for unknown users too' : ''}`, async (t) => {
    const ann = await register()
    const start = Date.now()
    const { written, said } = await witness(() => act(ann))
    const who = { user_id: nobody ? null : ann.id, session_id: session ? ann.session : null }
    t.strictSame(written.map(origin), [{ event, ...who, ...where }])
    t.strictSame(said.map(origin), [{ event, ...who, ...where }])
    t.strictSame(
      said.map(({ level }) => level),
      [alarm ? 40 : 30]
    )
    const at = written[0]?.at ?? ''
    t.ok(Math.abs(Date.parse(at) - start) < 60_000, `at ${at}`)
  })

test('registration, reuse of a refresh token and a throttled attempt are stored', async (t) => {
  const { written } = await witness(register)
  t.match(written, [{ event: 'register', user_id: /-7/, ...where }])

  const ann = await register()
  const { refresh_token } = (await refresh(ann.refreshToken)).json()
  await refresh(refresh_token)
  const reuse = await witness(() => refresh(ann.refreshToken))
  t.match(reuse.written, [{ event: 'refresh.reused', user_id: ann.id, session_id: ann.session, ...where }])
  t.match(reuse.said, [{ event: 'refresh.reused', level: 40 }])
  const late = await witness(() => refresh(refresh_token))
  t.equal(late.written.length, 0, 'a session that has ended is no theft')

  const ben = await register()
  await times(10, () => fail(ben.email))
  const guess = await witness(() => fail(ben.email))
  t.match(guess.written, [{ event: 'login.throttled', user_id: ben.id, ...where }])
  const inside = await witness(() => change(ben, 'wrong-hush-hush-1'))
  t.match(inside.written, [{ event: 'password.throttled', user_id: ben.id, ...where }])
  await times(10, () => fail('nobody.2@example.com'))
  const unknown = await witness(() => fail('nobody.2@example.com'))
  t.match(unknown.written, [{ event: 'login.throttled', user_id: null, ...where }])
})

test('events of a foreign user are stored under our id', async (t) => {
  const fay = caller(app, bridgeToken({ sub: 'fay', iat: seconds() }))
  const { user_id } = (await fay.get('/api/auth/me')).json()
  const { written } = await witness(() => fay.post('/api/auth/logout', undefined, from))
  t.match(written, [{ event: 'logout', user_id, session_id: null, ...where }])
})

test('a client without a user agent is stored without one', async (t) => {
  const { email } = await register()
  const { written } = await witness(() =>
    anyone.post('/api/auth/login', { email, password }, { headers: { 'user-agent': undefined } })
  )
  t.match(written, [{ event: 'login', user_agent: null, address: '127.0.0.1' }])
})

/** Attempts that fail, from an address each. */
const failures: Record<string, { act: (ann: Account, remoteAddress: string) => Promise<unknown>; events: string[] }> = {
  logins: {
    act: ({ email }, remoteAddress) =>
      anyone.post('/api/auth/login', { email, password: 'wrong-hush-hush-1' }, { remoteAddress }),
    events: ['login.failed', 'login.throttled']
  },
  'changes of the password': {
    act: ({ token }, remoteAddress) =>
      caller(app, token).put(
        '/api/auth/password',
        { current_password: 'wrong-hush-hush-1', new_password: next },
        { remoteAddress }
      ),
    events: ['password.failed', 'password.throttled']
  },
  'codes of a second factor': {
    act: ({ token }, remoteAddress) =>
      caller(app, token).post('/api/auth/step-up', { code: '000000' }, { remoteAddress }),
    events: ['second_factor.failed', 'second_factor.throttled']
  }
}
for (const [what, { act, events }] of Object.entries(failures))
  test(`an hour of wrong ${what} from many addresses leaves few rows for the account`, async (t) => {
    const ann = await register()
    // Twenty attempts in a quarter of an hour are checked, and the others are throttled.
    for (let i = 0; i < 90; i += 1) {
      if (i === 45) now += 15 * 60_000
      await act(ann, `198.51.100.${i}`)
    }
    const counted = (await rows()).filter(({ event, user_id }) => user_id === ann.id && events.includes(event))
    const times = (name: string) => counted.flatMap(({ event, times }) => (event === name ? [times] : []))
    // The 40th stands for those after the 20th.
    for (const event of events) t.strictSame(times(event), [...Array(20).fill(1), 20], event)
  })

test('failed logins of many accounts from one address are stored one by one', async (t) => {
  const before = (await rows()).length
  for (let i = 0; i < 25; i += 1)
    await anyone.post(
      '/api/auth/login',
      { email: `nobody.${i}@example.org`, password: 'wrong-hush-hush-1' },
      { remoteAddress: '192.0.2.99' }
    )
  t.strictSame(
    (await rows()).slice(before).map(({ event, address, times }) => [event, address, times]),
    Array(25).fill(['login.failed', '192.0.2.99', 1])
  )
})

const clock = () => 0
const auth = createAuth(config, app.db, { jwt: app.jwt, log: app.log, clock })
t.teardown(auth.stop)
const of = { name: 'x', scopes: ['tasks:read'], expires_in_days: 1 }
const limitedChanges: Record<Change, (token: OwnToken) => Promise<unknown>> = {
  'email.requested': (token) => auth.emailChanges.request(token, { email: 'new@example.com' }, clientAt('192.0.2.1')),
  'passkey.added': (token) => auth.passkeys.add(token, { credential: {} as never }, clientAt('192.0.2.1')),
  'password.changed': (token) =>
    auth.accounts.changePassword(token, { current_password: password, new_password: next }, clientAt('192.0.2.1')),
  'recovery_codes.made': (token) => auth.factors.makeRecoveryCodes(token, clientAt('192.0.2.1')),
  'token.created': (token) =>
    auth.personalTokens.make({ id: token.subject, email: '', token }, of as never, clientAt('192.0.2.1')),
  'totp.on': (token) => auth.factors.confirmTotp(token, '123456', clientAt('192.0.2.1'))
}

for (const [change, make] of Object.entries(limitedChanges))
  test(`${change} is limited, because each has a row of its own`, async (t) => {
    const subject = crypto.randomUUID()
    const token: OwnToken = {
      ...{ issuer: null, subject, sessionId: crypto.randomUUID(), email: 'x@example.com' },
      ...{ issuedAt: 0, expiresAt: 600 }
    } as never
    // All at once: those that fail are given back.
    const outcomes = await Promise.allSettled(Array.from({ length: maxChanges + 1 }, () => make(token)))
    const whys = outcomes.map((outcome) => (outcome.status === 'rejected' ? outcome.reason : undefined))
    t.match(whys.at(-1), { code: 'too_many_requests', headers: { 'retry-after': '3600' } })
    t.equal(whys.filter((why) => why.headers?.['retry-after'] === '3600').length, 1, 'the one above the limit')
  })
