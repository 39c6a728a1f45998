import assert from 'node:assert/strict'
import { sql } from 'kysely'
import t, { test } from 'tap'
import { createChallenges } from '../../src/auth/factors/challenges.ts'
import { hashOfRecoveryCode } from '../../src/auth/factors/recovery-codes.ts'
import { caller, password, startApp } from '../helpers/app.ts'
import { claimsOf, codeAt, factored, period } from '../helpers/factors.ts'
import { tokenOf } from '../helpers/mailbox.ts'

const clock = { now: Date.now() }
const { app, anyone, signUp, lettersTo } = await startApp(t, {
  settings: { RATE_LIMIT_ENABLED: 'true', RATE_LIMIT_AUTH: '100000' },
  clock: () => clock.now
})
const { nextCode, wrongCodeOf, register, begin, challengeOf, answer, logIn } = factored(app, clock)
const me = (token: string) => caller(app, token).get('/api/auth/me')

test('after the right password, a login asks for a second factor', async (t) => {
  const ann = await register()
  const asked = await begin(ann.email)
  t.equal(asked.statusCode, 401)
  t.match(asked.json(), { code: 'second_factor_required', methods: ['totp', 'recovery_code'], expires_in: 300 })
  t.equal(asked.headers['www-authenticate'], 'Bearer realm="gatehouse"')
  const { challenge } = asked.json()
  t.match(challenge, /^[\w-]{43}$/)
  const opened = await answer(challenge, nextCode(ann.secret))
  t.equal(opened.statusCode, 200)
  const { access_token, refresh_token, user } = opened.json()
  t.equal(user.id, ann.id)
  t.match(claimsOf(access_token), { amr: ['pwd', 'otp', 'mfa'], auth_time: Math.floor(clock.now / 1000) })
  t.equal((await me(access_token)).statusCode, 200)
  const refreshed = await anyone.post('/api/auth/refresh', { refresh_token })
  t.strictSame(claimsOf(refreshed.json().access_token).amr, ['pwd', 'otp', 'mfa'])
})

test('a challenge opens one session, and uses one code, also with two right codes at once', async (t) => {
  const ann = await register()
  const challenge = await challengeOf(ann.email)
  const answers = await Promise.all(
    ann.recoveryCodes.slice(0, 2).map((code, i) => answer(challenge, code, `198.51.100.${i}`))
  )
  t.strictSame(answers.map(({ statusCode }) => statusCode).sort(), [200, 401])
  const { access_token } = answers.find(({ statusCode }) => statusCode === 200)?.json() ?? {}
  t.equal((await caller(app, access_token).get('/api/auth/factors')).json().recovery_codes, 9)
})

test('a challenge that a concurrent request has answered is refused', async (t) => {
  const ann = await register()
  const challenge = await challengeOf(ann.email)
  const codes = {
    use: async () => 'recovery_code.used',
    limit: async (id: string, _client: unknown, work: () => Promise<unknown>) => {
      await app.db.deleteFrom('login_challenges').where('user_id', '=', id).execute()
      return work()
    }
  }
  const { answer } = createChallenges(app.db, { codes } as never)
  const client = { ip: '192.0.2.1', prefix: '192.0.2.1', userAgent: null, acceptLanguage: undefined }
  await t.rejects(answer({ challenge, code: '000000' }, client), { status: 401, code: 'invalid_token' })
})

test('in a browser, the refresh token is set as a cookie', async (t) => {
  const ann = await register()
  const challenge = await challengeOf(ann.email)
  const body = { challenge, code: nextCode(ann.secret), refresh_cookie: true }
  const opened = await anyone.post('/api/auth/login/second-factor', body)
  t.equal(opened.json().refresh_token, undefined)
  t.match(String(opened.headers['set-cookie']), /HttpOnly/)
})

test('only who knows the password learns that a second factor is on', async (t) => {
  const ann = await register()
  const ben = await signUp()
  const ask = async (email: string) => {
    const headers = { 'x-request-id': 'the-same' }
    const answer = await anyone.post('/api/auth/login', { email, password: 'wrong-horse-7' }, { headers })
    return { status: answer.statusCode, body: answer.body, challenge: answer.headers['www-authenticate'] }
  }
  const told = await ask(ann.email)
  t.equal(told.status, 401)
  t.strictSame(told, await ask(ben.email), 'an account without a second factor')
  t.strictSame(told, await ask('nobody@example.com'), 'no account')
})

test('a code is accepted once, and no code of an earlier time step after it', async (t) => {
  const ann = await register()
  clock.now += 10 * period
  const code = codeAt(ann.secret, clock.now)
  const before = codeAt(ann.secret, clock.now - period)
  t.equal((await answer(await challengeOf(ann.email), code)).statusCode, 200)
  t.equal((await answer(await challengeOf(ann.email), code)).json().code, 'invalid_code')
  t.equal((await answer(await challengeOf(ann.email), before)).json().code, 'invalid_code')
  const stepUp = await caller(app, ann.first.access_token).post('/api/auth/step-up', { code })
  t.equal(stepUp.json().code, 'invalid_code', 'nor for a step-up')
  t.equal((await answer(await challengeOf(ann.email), nextCode(ann.secret))).statusCode, 200)
})

test('the code that turned the factor on does not log in', async (t) => {
  const ann = await register()
  t.equal((await answer(await challengeOf(ann.email), codeAt(ann.secret, clock.now))).json().code, 'invalid_code')
})

test('a recovery code works once, however it is typed', async (t) => {
  const ann = await register()
  const [code = '', other = ''] = ann.recoveryCodes
  const typed = ` ${code.toUpperCase().replaceAll('-', ' ')} `
  const opened = await answer(await challengeOf(ann.email), typed)
  t.equal(opened.statusCode, 200)
  t.equal((await answer(await challengeOf(ann.email), code)).json().code, 'invalid_code')
  t.equal((await answer(await challengeOf(ann.email), other)).statusCode, 200)
  const rows = await app.db.selectFrom('security_events').select('event').where('user_id', '=', ann.id).execute()
  t.equal(rows.filter(({ event }) => event === 'recovery_code.used').length, 2)
})

test('a recovery code that begins or ends with six digits is not taken for one of an authenticator app', async (t) => {
  const ann = await register()
  for (const code of ['234567abcdefghijklmnopqr', 'abcdefghijklmnopqr234567']) {
    const hash = hashOfRecoveryCode(code)
    await app.db.insertInto('recovery_codes').values({ user_id: ann.id, hash }).execute()
    t.equal((await answer(await challengeOf(ann.email), code)).statusCode, 200, code)
  }
})

test('a challenge is accepted once', async (t) => {
  const ann = await register()
  const challenge = await challengeOf(ann.email)
  t.equal((await answer(challenge, nextCode(ann.secret))).statusCode, 200)
  t.equal((await answer(challenge, nextCode(ann.secret))).json().code, 'invalid_token')
})

test('a challenge is invalid after five wrong codes, and after five minutes', async (t) => {
  const ann = await register()
  const [challenge, other] = [await challengeOf(ann.email), await challengeOf(ann.email)]
  const wrong = wrongCodeOf(ann.secret)
  for (let i = 0; i < 5; i++) t.equal((await answer(challenge, wrong)).json().code, 'invalid_code')
  t.equal((await answer(challenge, nextCode(ann.secret))).json().code, 'invalid_token')
  t.equal((await answer(other, nextCode(ann.secret))).statusCode, 200, 'another one is not')
  const late = await challengeOf(ann.email)
  const { rows } = await sql<{ left: number }>`select extract(epoch from max(expires_at) - now())::float8 as left
    from login_challenges where user_id = ${ann.id}`.execute(app.db)
  t.ok(rows[0] && rows[0].left > 0 && rows[0].left <= 300, 'five minutes at most')
  const expires_at = new Date(Date.now() - 1000).toISOString()
  await app.db.updateTable('login_challenges').set({ expires_at }).where('user_id', '=', ann.id).execute()
  t.equal((await answer(late, nextCode(ann.secret))).json().code, 'invalid_token')
})

test('a challenge of one user does not accept a code of another user', async (t) => {
  const [ann, ben] = [await register(), await register()]
  const challenge = await challengeOf(ann.email)
  t.equal((await answer(challenge, nextCode(ben.secret))).json().code, 'invalid_code')
  t.equal((await answer(challenge, ben.recoveryCodes[0] ?? '')).json().code, 'invalid_code')
  const opened = await answer(challenge, nextCode(ann.secret))
  t.equal(opened.json().user.id, ann.id)
})

test('a malformed challenge is refused', async (t) => {
  const ann = await register()
  const challenge = await challengeOf(ann.email)
  const { refresh_token } = ann.first
  for (const other of ['', 'x', `${challenge}A`, challenge.slice(1), `${challenge}=`, refresh_token, 'é'.repeat(43)])
    t.equal((await answer(other, nextCode(ann.secret))).json().code, 'invalid_token', other)
  for (const body of [
    {},
    { challenge },
    { code: '1' },
    { challenge, code: 1 },
    { challenge, code: '' },
    { challenge, code: '1\0' }
  ])
    t.equal((await anyone.post('/api/auth/login/second-factor', body)).statusCode, 400, JSON.stringify(body))
})

const ends: Record<string, (ann: Awaited<ReturnType<typeof register>>) => Promise<unknown>> = {
  async 'a change of the password'(ann) {
    const change = { current_password: password, new_password: 'another-horse-8' }
    const changed = await caller(app, ann.first.access_token).put('/api/auth/password', change)
    assert.equal(changed.statusCode, 200)
  },
  async 'a reset of the password'({ email }) {
    await anyone.post('/api/auth/password/forgot', { email })
    const token = tokenOf((await lettersTo(email)).findLast(({ subject }) => subject.startsWith('Reset')))
    const reset = await anyone.post('/api/auth/password/reset', { token, new_password: 'another-horse-8' })
    assert.equal(reset.statusCode, 200)
  },
  async 'a deactivation'({ id }) {
    for (const is_active of [false, true])
      await app.db.updateTable('users').set({ is_active }).where('id', '=', id).execute()
  },
  async 'a deletion'({ id }) {
    await app.db.deleteFrom('users').where('id', '=', id).execute()
  },
  async 'new recovery codes'(ann) {
    assert.equal((await caller(app, ann.first.access_token).post('/api/auth/factors/recovery-codes')).statusCode, 200)
  },
  async 'a factor that is turned off'(ann) {
    assert.equal((await caller(app, ann.first.access_token).delete('/api/auth/factors/totp')).statusCode, 204)
  },
  async 'the end of all other sessions'(ann) {
    assert.equal((await caller(app, ann.first.access_token).delete('/api/auth/sessions')).statusCode, 204)
  }
}
for (const [name, end] of Object.entries(ends))
  test(`a challenge does not survive ${name}`, async (t) => {
    const ann = await register()
    const challenge = await challengeOf(ann.email)
    await end(ann)
    t.equal((await answer(challenge, nextCode(ann.secret))).json().code, 'invalid_token')
  })

test('a session that has proved no second factor is not refreshed while one is on, and keeps its token', async (t) => {
  const ann = await signUp()
  const { refresh_token } = (await begin(ann.email)).json()
  const factor = app.db
    .insertInto('totp_factors')
    .values({ user_id: ann.id, secret: Buffer.alloc(60), expires_at: null })
  await factor.execute()
  for (const attempt of ['first', 'second'])
    t.match(
      (await anyone.post('/api/auth/refresh', { refresh_token })).json(),
      { status: 401, code: 'invalid_token' },
      attempt
    )
  await app.db.deleteFrom('totp_factors').where('user_id', '=', ann.id).execute()
  const answer = await anyone.post('/api/auth/refresh', { refresh_token })
  t.equal(answer.statusCode, 200)
  t.not(answer.json().refresh_token, refresh_token, 'it was not replaced meanwhile')
})

test('a reset of the password does not skip the second factor', async (t) => {
  const ann = await register()
  await anyone.post('/api/auth/password/forgot', { email: ann.email })
  const token = tokenOf((await lettersTo(ann.email)).findLast(({ subject }) => subject.startsWith('Reset')))
  const new_password = 'another-horse-8'
  const reset = await anyone.post('/api/auth/password/reset', { token, new_password })
  t.strictSame(Object.keys(reset.json()), ['message'], 'it opens no session')
  const login = await anyone.post('/api/auth/login', { email: ann.email, password: new_password })
  t.equal(login.json().code, 'second_factor_required')
})

test('all factors share one limit on wrong codes, which does not lock the owner out', async (t) => {
  const ann = await register()
  const elsewhere = '2001:db8:9::1'
  const wrong = wrongCodeOf(ann.secret)
  for (let i = 0; i < 4; i++) t.equal((await answer(await challengeOf(ann.email), wrong, elsewhere)).statusCode, 401)
  for (let i = 0; i < 4; i++)
    t.equal((await answer(await challengeOf(ann.email), 'not-a-recovery-code', elsewhere)).statusCode, 401)
  const user = caller(app, ann.first.access_token)
  for (let i = 0; i < 2; i++)
    t.equal((await user.post('/api/auth/step-up', { code: wrong }, { remoteAddress: elsewhere })).statusCode, 401)
  const [code = ''] = ann.recoveryCodes
  const refused = await answer(await challengeOf(ann.email), code, elsewhere)
  t.match(refused.json(), { status: 429, code: 'too_many_requests' })
  t.equal(refused.headers['retry-after'], '900', 'a quarter of an hour after the first one')
  const confirm = await user.post('/api/auth/factors/totp/confirm', { code: wrong }, { remoteAddress: elsewhere })
  t.equal(confirm.statusCode, 429)
  t.equal(
    (await answer(await challengeOf(ann.email), code)).statusCode,
    200,
    'the code was not used, and the owner gets in'
  )
  clock.now += 15 * 60_000
  t.equal((await answer(await challengeOf(ann.email), nextCode(ann.secret), elsewhere)).statusCode, 200, 'later')
  const rows = await app.db.selectFrom('security_events').select('event').where('user_id', '=', ann.id).execute()
  t.ok(rows.some(({ event }) => event === 'second_factor.throttled'))
})

test('wrong codes do not count as wrong passwords', async (t) => {
  const ann = await register()
  const elsewhere = '2001:db8:9::2'
  const wrong = wrongCodeOf(ann.secret)
  for (let i = 0; i < 10; i++) await answer(await challengeOf(ann.email), wrong, elsewhere)
  const again = await anyone.post('/api/auth/login', { email: ann.email, password }, { remoteAddress: elsewhere })
  t.equal(again.json().code, 'second_factor_required')
})

test('a TOTP secret that no configured secret opens accepts no code, and recovery codes still work', async (t) => {
  const ann = await register()
  await app.db
    .updateTable('totp_factors')
    .set({ secret: Buffer.alloc(60) })
    .where('user_id', '=', ann.id)
    .execute()
  t.equal((await answer(await challengeOf(ann.email), nextCode(ann.secret))).json().code, 'invalid_code')
  t.equal((await answer(await challengeOf(ann.email), ann.recoveryCodes[0] ?? '')).statusCode, 200)
})

test('a login from a new network sends its notice after the second factor, not before', async (t) => {
  const ann = await register()
  await logIn(ann)
  const letters = async () => (await lettersTo(ann.email)).filter(({ subject }) => subject.startsWith('New sign-in'))
  const remoteAddress = '2001:db8:77::1'
  const asked = await anyone.post('/api/auth/login', { email: ann.email, password }, { remoteAddress })
  t.equal((await letters()).length, 0)
  t.equal((await answer(asked.json().challenge, nextCode(ann.secret), remoteAddress)).statusCode, 200)
  t.equal((await letters()).length, 1)
})

const races: Record<string, (ann: Awaited<ReturnType<typeof register>>) => string> = {
  code: ({ secret }) => nextCode(secret),
  'recovery code': ({ recoveryCodes: [code = ''] }) => code
}
for (const [what, pick] of Object.entries(races))
  test(`the same ${what}, many times at once, opens one session`, async (t) => {
    const ann = await register()
    const code = pick(ann)
    const challenges = await Promise.all(Array.from({ length: 4 }, () => challengeOf(ann.email)))
    const answers = await Promise.all(challenges.flatMap((challenge) => [1, 2].map(() => answer(challenge, code))))
    t.equal(answers.filter(({ statusCode }) => statusCode === 200).length, 1)
    const sessions = await app.db.selectFrom('sessions').select('id').where('user_id', '=', ann.id).execute()
    t.equal(sessions.length, 2, 'the first one, and one more')
  })

test('of several right codes for one challenge at once, one is used, and the others stay valid', async (t) => {
  const ann = await register()
  const challenge = await challengeOf(ann.email)
  const codes = ann.recoveryCodes.slice(0, 3)
  const answers = await Promise.all(codes.map((code) => answer(challenge, code)))
  t.strictSame(answers.map(({ statusCode }) => statusCode).sort(), [200, 401, 401])
  const refused = codes.filter((_code, i) => answers[i]?.json().code === 'invalid_token')
  t.equal(refused.length, 2)
  for (const code of refused) t.equal((await answer(await challengeOf(ann.email), code)).statusCode, 200)
})

test('without recovery codes, a login does not offer them', async (t) => {
  const ann = await register()
  await app.db.deleteFrom('recovery_codes').where('user_id', '=', ann.id).execute()
  t.strictSame((await begin(ann.email)).json().methods, ['totp'])
})
