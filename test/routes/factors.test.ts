import t, { test } from 'tap'
import { caller, password, startApp } from '../helpers/app.ts'
import { claimsOf, codeAt, factored, period } from '../helpers/factors.ts'
import { bridgeToken, ourToken } from '../helpers/mint.ts'
import { addProbes } from '../helpers/step-up.ts'

const clock = { now: Date.now() }
const settings = { APP_NAME: 'Example', BETTER_AUTH_URL: 'https://app.example.com' }
const { app, signUp, anyone, lettersTo } = await startApp(t, { settings, clock: () => clock.now, routes: addProbes })
const { nextCode, turnOn, register, begin, challengeOf, answer, logIn } = factored(app, clock)
const factorsOf = async (token: string) => (await caller(app, token).get('/api/auth/factors')).json()
const eventsOf = async (user_id: string) => {
  const rows = await app.db
    .selectFrom('security_events')
    .select('event')
    .where('user_id', '=', user_id)
    .orderBy('id')
    .execute()
  return rows.map(({ event }) => event)
}

test('an authenticator app is on after its first code, not before', async (t) => {
  const ann = await signUp()
  t.strictSame(await factorsOf(ann.token), { totp: false, passkeys: 0, recovery_codes: 0 })
  const setUp = await ann.post('/api/auth/factors/totp')
  t.equal(setUp.statusCode, 201)
  const { secret, uri } = setUp.json()
  t.match(uri, `otpauth://totp/Example:${encodeURIComponent(ann.email)}?issuer=Example&secret=${secret}&`)
  t.strictSame(await factorsOf(ann.token), { totp: false, passkeys: 0, recovery_codes: 0 })
  t.equal((await begin(ann.email)).statusCode, 200, 'the password is enough')

  const wrong = await ann.post('/api/auth/factors/totp/confirm', { code: codeAt(secret, clock.now - 2 * period) })
  t.match(wrong.json(), { status: 401, code: 'invalid_code' })
  for (const code of ['12345６', 'abcdef', '1234567', '-12345'])
    t.equal((await ann.post('/api/auth/factors/totp/confirm', { code })).json().code, 'invalid_code', code)
  const typed = codeAt(secret, clock.now).replace(/^.{3}/, '$& ')
  const confirmed = await ann.post('/api/auth/factors/totp/confirm', { code: typed })
  t.equal(confirmed.statusCode, 200, 'as apps show it, in two groups')
  t.equal(new Set(confirmed.json().recovery_codes).size, 10)
  t.strictSame(await factorsOf(ann.token), { totp: true, passkeys: 0, recovery_codes: 10 })
  t.equal((await begin(ann.email)).json().code, 'second_factor_required')
  t.strictSame(await eventsOf(ann.id), [
    ...[
      'register',
      'login',
      ...Array(5).fill('second_factor.failed'),
      'totp.on',
      'recovery_codes.made',
      'login.challenged'
    ]
  ])
})

test('a second set-up replaces the first secret, and none replaces one that is on', async (t) => {
  const ann = await signUp()
  const { secret: first } = (await ann.post('/api/auth/factors/totp')).json()
  const { secret } = (await ann.post('/api/auth/factors/totp')).json()
  const confirm = (secret: string) => ann.post('/api/auth/factors/totp/confirm', { code: codeAt(secret, clock.now) })
  t.equal((await confirm(first)).json().code, 'invalid_code')
  t.equal((await confirm(secret)).statusCode, 200)
  t.equal((await confirm(secret)).json().code, 'invalid_code', 'it is confirmed once')
  t.match((await ann.post('/api/auth/factors/totp')).json(), { status: 409, code: 'second_factor_on' })
})

test('a secret that is not confirmed within ten minutes expires', async (t) => {
  const ann = await signUp()
  const { secret } = (await ann.post('/api/auth/factors/totp')).json()
  const expires_at = new Date(Date.now() - 1000).toISOString()
  await app.db.updateTable('totp_factors').set({ expires_at }).where('user_id', '=', ann.id).execute()
  const late = await ann.post('/api/auth/factors/totp/confirm', { code: codeAt(secret, clock.now) })
  t.equal(late.json().code, 'invalid_code')
  const { secret: next } = (await ann.post('/api/auth/factors/totp')).json()
  const inTime = await ann.post('/api/auth/factors/totp/confirm', { code: codeAt(next, clock.now) })
  t.equal(inTime.statusCode, 200, 'another set-up has ten minutes of its own')
})

test('the secret is encrypted, and recovery codes are hashed', async (t) => {
  const ann = await register()
  const totp = await app.db.selectFrom('totp_factors').selectAll().where('user_id', '=', ann.id).execute()
  const codes = await app.db.selectFrom('recovery_codes').selectAll().where('user_id', '=', ann.id).execute()
  t.equal(codes.length, 10)
  const stored = JSON.stringify(
    [totp, codes]
      .flat()
      .map((row) => Object.values(row).map((v) => (v instanceof Uint8Array ? Buffer.from(v).toString('latin1') : v)))
  )
  const { Secret } = await import('otpauth')
  const raw = Buffer.from(Secret.fromBase32(ann.secret).bytes).toString('latin1')
  for (const secret of [ann.secret, raw, ...ann.recoveryCodes, ...ann.recoveryCodes.map((c) => c.replaceAll('-', ''))])
    t.notOk(stored.includes(secret))
  const ben = await register()
  const secret = totp[0]?.secret as Buffer
  await app.db.updateTable('totp_factors').set({ secret }).where('user_id', '=', ben.id).execute()
  const stolen = await answer(await challengeOf(ben.email), nextCode(ann.secret))
  t.equal(stolen.json().code, 'invalid_code', 'the secret of one user does not open in the row of another')
})

test('turning a factor on ends the sessions that were opened without one, except the current one', async (t) => {
  const ann = await signUp()
  const other = (await begin(ann.email)).json()
  await turnOn(ann.token)
  t.equal((await ann.get('/api/auth/me')).statusCode, 200)
  t.equal((await caller(app, other.access_token).get('/api/auth/me')).json().code, 'token_revoked')
  t.equal((await anyone.post('/api/auth/refresh', { refresh_token: other.refresh_token })).json().code, 'invalid_token')

  const eve = await signUp()
  const old = (await begin(eve.email)).json()
  const { sid } = claimsOf(old.access_token)
  await app.db.updateTable('sessions').set({ amr: null, auth_time: null }).where('id', '=', sid).execute()
  await turnOn(eve.token)
  const ofOld = await caller(app, old.access_token).get('/api/auth/me')
  t.equal(ofOld.json().code, 'token_revoked', 'a session of an earlier release, which does not say what it has proved')

  const ben = await register()
  const second = await logIn(ben)
  t.equal((await caller(app, second.access_token).delete('/api/auth/factors/totp')).statusCode, 204)
  await turnOn(second.access_token)
  for (const { access_token } of [ben.first, second])
    t.equal((await caller(app, access_token).get('/api/auth/me')).statusCode, 200, 'both had proved two factors')
})

test('the session that turned the second factor on has proved it, also after a refresh', async (t) => {
  const ann = await register()
  t.equal((await caller(app, ann.first.access_token).get('/api/probe')).statusCode, 200, 'its token does not say so')
  const { access_token } = (await anyone.post('/api/auth/refresh', { refresh_token: ann.first.refresh_token })).json()
  t.strictSame(claimsOf(access_token).amr, ['pwd', 'otp', 'mfa'])
  t.equal((await caller(app, access_token).get('/api/probe')).statusCode, 200)
})

test('the second factor of another user’s session proves nothing, whatever a token says', async (t) => {
  const [ann, ben] = [await register(), await register()]
  const { sid } = claimsOf(ben.first.access_token)
  const now = Math.floor(clock.now / 1000)
  const forged = ourToken({
    sub: ann.id,
    email: ann.email,
    sid,
    auth_time: now,
    amr: ['pwd'],
    iat: now,
    exp: now + 600
  })
  t.equal((await caller(app, forged).get('/api/probe')).json().code, 'step_up_required')
})

test('turning the second factor off requires a step-up with it: neither the session nor the password suffices', async (t) => {
  const ann = await register()
  clock.now += 601_000
  const user = caller(app, ann.first.access_token)
  const changes = [
    () => user.delete('/api/auth/factors/totp'),
    () => user.post('/api/auth/factors/recovery-codes'),
    () => user.post('/api/auth/factors/totp')
  ]
  for (const change of changes) t.equal((await change()).json().code, 'step_up_required')
  t.match((await user.post('/api/auth/step-up', { password })).json(), {
    status: 401,
    code: 'second_factor_required',
    methods: ['totp', 'recovery_code']
  })
  for (const change of changes) t.equal((await change()).json().code, 'step_up_required')
  const { access_token } = (await user.post('/api/auth/step-up', { code: nextCode(ann.secret) })).json()
  t.equal((await caller(app, access_token).delete('/api/auth/factors/totp')).statusCode, 204)
})

test('without a second factor, turning it off answers 404, and new recovery codes answer 409', async (t) => {
  const ann = await signUp()
  t.match((await ann.delete('/api/auth/factors/totp')).json(), { status: 404, detail: 'Authenticator app not found' })
  t.match((await ann.post('/api/auth/factors/recovery-codes')).json(), { status: 409, code: 'second_factor_off' })
  await ann.post('/api/auth/factors/totp')
  t.equal((await ann.delete('/api/auth/factors/totp')).statusCode, 404, 'it is not on yet')
})

test('after the second factor is turned off, the password suffices, and there are no recovery codes', async (t) => {
  const ann = await register()
  const user = caller(app, ann.first.access_token)
  t.equal((await user.delete('/api/auth/factors/totp')).statusCode, 204)
  t.strictSame(await factorsOf(ann.first.access_token), { totp: false, passkeys: 0, recovery_codes: 0 })
  t.equal((await begin(ann.email)).statusCode, 200)
  t.ok((await eventsOf(ann.id)).includes('totp.off'))
  t.equal((await user.get('/api/auth/me')).statusCode, 200, 'sessions go on')
  const stepped = (await user.post('/api/auth/step-up', { password })).json()
  t.strictSame(claimsOf(stepped.access_token).amr, ['pwd'], 'which have proved the password only')
})

test('new recovery codes replace the old ones', async (t) => {
  const ann = await register()
  const user = caller(app, ann.first.access_token)
  const made = await user.post('/api/auth/factors/recovery-codes')
  t.equal(made.statusCode, 200)
  t.equal((await eventsOf(ann.id)).filter((event) => event === 'recovery_codes.made').length, 2, 'an event of the user')
  const [old = ''] = ann.recoveryCodes
  const [fresh = ''] = made.json().recovery_codes
  t.equal((await answer(await challengeOf(ann.email), old)).json().code, 'invalid_code')
  t.equal((await answer(await challengeOf(ann.email), fresh)).statusCode, 200)
  t.equal((await factorsOf(ann.first.access_token)).recovery_codes, 9)
})

test('changing the password and deleting the account require the second factor as well', async (t) => {
  const ann = await register()
  clock.now += 601_000
  const user = caller(app, ann.first.access_token)
  const change = { current_password: password, new_password: 'another-horse-8' }
  for (const answer of [
    await user.put('/api/auth/password', change),
    await user.post('/api/auth/profile/delete', { password })
  ]) {
    t.match(answer.json(), { code: 'step_up_required', detail: 'Prove your second factor again' })
    t.match(answer.headers, { 'www-authenticate': /, max_age=600$/ })
  }
  const stepped = (await user.post('/api/auth/step-up', { code: nextCode(ann.secret) })).json()
  t.strictSame(claimsOf(stepped.access_token).amr, ['pwd', 'otp', 'mfa'])
  const since = claimsOf(stepped.access_token).auth_time
  clock.now += 300_000
  const changed = await caller(app, stepped.access_token).put('/api/auth/password', change)
  t.equal(changed.statusCode, 200)
  const claims = claimsOf(changed.json().access_token)
  t.strictSame([claims.amr, claims.auth_time], [['pwd', 'otp', 'mfa'], since], 'the new session keeps what was proved')
  const { access_token } = (
    await anyone.post('/api/auth/refresh', { refresh_token: changed.json().refresh_token })
  ).json()
  const gone = await caller(app, access_token).post('/api/auth/profile/delete', { password: 'another-horse-8' })
  t.equal(gone.statusCode, 204)
  for (const table of ['totp_factors', 'recovery_codes', 'login_challenges'] as const)
    t.strictSame(await app.db.selectFrom(table).selectAll().where('user_id', '=', ann.id).execute(), [])
})

test('without a second factor, changing the password and deleting the account take the password only', async (t) => {
  const ann = await signUp()
  clock.now += 601_000
  const change = { current_password: password, new_password: 'another-horse-8' }
  const { access_token } = (await ann.put('/api/auth/password', change)).json()
  clock.now += 601_000
  const gone = await caller(app, access_token).post('/api/auth/profile/delete', { password: 'another-horse-8' })
  t.equal(gone.statusCode, 204)
})

test('a user of another issuer has no factors here, and is told the issuer', async (t) => {
  const iat = Math.floor(clock.now / 1000)
  const fay = caller(app, bridgeToken({ iat, exp: iat + 900, auth_time: iat, amr: ['pwd', 'otp', 'mfa'] }))
  t.strictSame((await fay.get('/api/auth/factors')).json(), { totp: false, passkeys: 0, recovery_codes: 0 })
  const answers = [
    await fay.post('/api/auth/factors/totp'),
    await fay.post('/api/auth/factors/totp/confirm', { code: '123456' }),
    await fay.delete('/api/auth/factors/totp'),
    await fay.post('/api/auth/factors/recovery-codes'),
    await fay.post('/api/auth/step-up', { code: '123456' })
  ]
  for (const answer of answers)
    t.match(answer.json(), {
      status: 401,
      code: 'step_up_required',
      detail: 'Accounts of https://app.example.com cannot do this'
    })
})

test('step-up takes either the password or a code', async (t) => {
  const ann = await register()
  const user = caller(app, ann.first.access_token)
  for (const body of [{}, { password, code: '123456' }])
    t.match((await user.post('/api/auth/step-up', body)).json(), {
      status: 400,
      errors: [{ pointer: '', message: 'must have either password, code or credential' }]
    })
  const [recoveryCode = ''] = ann.recoveryCodes
  t.equal((await user.post('/api/auth/step-up', { code: recoveryCode })).statusCode, 200)
  t.equal((await user.post('/api/auth/step-up', { code: recoveryCode })).json().code, 'invalid_code')
  const ben = await signUp()
  t.equal((await ben.post('/api/auth/step-up', { code: '123456' })).json().code, 'invalid_code', 'there is no factor')
})

test('a session that ended cannot change factors', async (t) => {
  const ann = await register()
  await app.db.deleteFrom('sessions').where('user_id', '=', ann.id).execute()
  const ended = caller(app, ann.first.access_token)
  t.equal((await ended.delete('/api/auth/factors/totp')).statusCode, 401)
  t.strictSame(
    (await app.db.selectFrom('totp_factors').select('user_id').where('user_id', '=', ann.id).execute()).length,
    1
  )
})

test('a token whose session has no row cannot turn a factor on, and this does not count as a wrong code', async (t) => {
  const ann = await signUp()
  const { secret } = (await ann.post('/api/auth/factors/totp')).json()
  const code = codeAt(secret, clock.now)
  const noRow = caller(app, ourToken({ sub: ann.id, email: ann.email }))
  t.equal((await noRow.post('/api/auth/factors/totp/confirm', { code })).json().code, 'token_revoked')
  t.notOk((await eventsOf(ann.id)).includes('second_factor.failed'))
  t.equal((await ann.post('/api/auth/factors/totp/confirm', { code })).statusCode, 200)
})

test('the owner gets a mail when an authenticator app is added or removed, and when a recovery code is used', async (t) => {
  const ann = await register()
  const [code = '', other = ''] = ann.recoveryCodes
  const used = async () => (await lettersTo(ann.email)).filter(({ subject }) => subject.startsWith('A recovery code'))
  await answer(await challengeOf(ann.email), code)
  t.equal((await used()).length, 1, 'at the login, and not with the next mail')
  const user = caller(app, ann.first.access_token)
  await user.post('/api/auth/step-up', { code: other })
  t.equal((await used()).length, 2, 'at the step-up')
  await user.delete('/api/auth/factors/totp')
  const subjects = (await lettersTo(ann.email)).map(({ subject }) => subject)
  const expected = [
    'An authenticator app was added to your Example account',
    'A recovery code of your Example account was used',
    'A recovery code of your Example account was used',
    'The authenticator app of your Example account was removed'
  ]
  t.strictSame(subjects.filter((subject) => /authenticator|recovery/.test(subject)).sort(), expected.sort())
})

test('a second factor that was proved more than ten minutes ago does not change the password or delete the account', async (t) => {
  const ann = await register()
  const { access_token } = await logIn(ann)
  t.ok(claimsOf(access_token).amr.includes('mfa'))
  clock.now += 601_000
  const user = caller(app, access_token)
  const change = { current_password: password, new_password: 'another-horse-8' }
  t.equal((await user.put('/api/auth/password', change)).json().code, 'step_up_required')
  t.equal((await user.post('/api/auth/profile/delete', { password })).json().code, 'step_up_required')
})
