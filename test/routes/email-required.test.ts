import t, { test } from 'tap'
import { caller, password, startApp } from '../helpers/app.ts'
import { codeOf, tokenOf } from '../helpers/mailbox.ts'

const { app, anyone, lettersTo } = await startApp(t, { settings: { EMAIL_VERIFICATION: 'required' } })
const register = (email: string, more = {}) =>
  anyone.post('/api/auth/register', { email, name: 'Ann', password, ...more })
const login = (email: string, given = password) => anyone.post('/api/auth/login', { email, password: given })
const verify = (body: object) => anyone.post('/api/auth/email/verify', body)
const someone = () => `${crypto.randomUUID()}@example.com`
const unverified = { status: 401, code: 'email_not_verified', detail: 'Confirm your email address first' }
const setVerified = (email: string, email_verified: boolean) =>
  app.db.updateTable('users').set({ email_verified }).where('email', '=', email).execute()
const sessions = async (email: string) =>
  app.db
    .selectFrom('sessions')
    .innerJoin('users', 'users.id', 'sessions.user_id')
    .select('sessions.id')
    .where('email', '=', email)
    .execute()

/** A user who logged in before verified addresses were required. */
async function signedUpBefore() {
  const email = someone()
  await register(email)
  await setVerified(email, true)
  const { access_token, refresh_token } = (await login(email)).json()
  await setVerified(email, false)
  return { email, refresh_token, ...caller(app, access_token) }
}

test('registering opens no session; the link of the mail, and then the password, do', async (t) => {
  const email = someone()
  const answer = await register(email, { refresh_cookie: true })
  t.equal(answer.statusCode, 202)
  t.strictSame(Object.keys(answer.json()), ['message'])
  t.equal(answer.headers['set-cookie'], undefined)
  t.strictSame(await sessions(email), [])
  t.match((await register(email)).json(), { status: 409, code: 'email_taken' })
  const [letter] = await lettersTo(email)
  t.equal((await verify({ token: tokenOf(letter) })).statusCode, 200)
  t.strictSame(await sessions(email), [], 'the mail logs nobody in')
  t.match((await login(email)).json(), { user: { email, email_verified: true } })
})

test('the code of the mail works without a session', async (t) => {
  const email = someone()
  await register(email)
  t.equal((await verify({ email, code: codeOf((await lettersTo(email)).at(-1)) })).statusCode, 200)
  t.equal((await login(email)).statusCode, 200)
})

test('a login tells that the address is not confirmed, and sends the mail again, after the right password only', async (t) => {
  const email = someone()
  await register(email)
  const wrong = await login(email, 'another-horse-8')
  t.match(wrong.json(), { status: 401, code: 'invalid_credentials' })
  t.equal((await lettersTo(email)).length, 1)
  const right = await login(email)
  t.match(right.json(), unverified)
  t.equal(right.headers['www-authenticate'], wrong.headers['www-authenticate'])
  t.strictSame(await sessions(email), [])
  const letters = await lettersTo(email)
  t.equal(letters.length, 2)
  t.equal((await verify({ token: tokenOf(letters[1]) })).statusCode, 200)
  const events = await app.db
    .selectFrom('security_events')
    .innerJoin('users', 'users.id', 'security_events.user_id')
    .select('event')
    .where('email', '=', email)
    .orderBy('security_events.id')
    .execute()
  t.strictSame(
    events.map(({ event }) => event),
    ['register', 'login.failed', 'login.unverified', 'email.verified']
  )
})

test('a hundred logins send five mails at most', async (t) => {
  const email = someone()
  await register(email)
  await Promise.all(Array.from({ length: 20 }, () => login(email)))
  const letters = await lettersTo(email)
  t.ok(letters.length >= 1 && letters.length <= 5, `${letters.length} mails`)
})

test('no other route gives an unverified user a session', async (t) => {
  const ann = await signedUpBefore()
  const refresh = () => anyone.post('/api/auth/refresh', { refresh_token: ann.refresh_token })
  t.match((await refresh()).json(), { status: 401, code: 'invalid_token' })
  const change = { current_password: password, new_password: 'another-horse-8' }
  t.match((await ann.put('/api/auth/password', change)).json(), unverified)
  t.match((await login(ann.email)).json(), unverified, 'the password is as it was')
  t.equal((await sessions(ann.email)).length, 1, 'and no session has ended')
  await ann.post('/api/auth/email/verification')
  t.equal((await verify({ token: tokenOf((await lettersTo(ann.email)).at(-1)) })).statusCode, 200)
  t.equal((await refresh()).statusCode, 200, 'afterwards the refresh token works')
})

test('a reset counts as a confirmation', async (t) => {
  const email = someone()
  await register(email)
  // Mails are sent beside each other: the one to confirm the address must not be the last.
  await lettersTo(email)
  await anyone.post('/api/auth/password/forgot', { email })
  const token = tokenOf((await lettersTo(email)).at(-1))
  await anyone.post('/api/auth/password/reset', { token, new_password: 'another-horse-8' })
  t.match((await login(email, 'another-horse-8')).json(), { user: { email_verified: true } })
})
