import { sql } from 'kysely'
import t, { test } from 'tap'
import { caller, password, startApp } from '../helpers/app.ts'
import { codeOf, tokenOf } from '../helpers/mailbox.ts'
import { bridgeToken } from '../helpers/mint.ts'
import { countQueries } from '../helpers/queries.ts'
import { refused } from '../helpers/refused.ts'

const settings = { PRIVATE_SIGN_UP: 'true' }
const { app, anyone, lettersTo } = await startApp(t, { settings })
const other = 'another-horse-8'
const from = { 'user-agent': 'tap', 'x-request-id': 'the-same' }
type Answer = Awaited<ReturnType<typeof anyone.post>>
const register = (email: string, given = password, more = {}) =>
  anyone.post('/api/auth/register', { email, name: 'Ann', password: given, ...more }, { headers: from })
const login = (email: string, given = password) =>
  anyone.post('/api/auth/login', { email, password: given }, { headers: from })
const verify = (body: object) => anyone.post('/api/auth/email/verify', body, { headers: from })
const someone = () => `${crypto.randomUUID()}@example.com`
const lastTo = async (email: string) => (await lettersTo(email)).at(-1)
const bare = ({ statusCode, body, headers }: Answer) => ({
  ...{ statusCode, body },
  headers: { ...headers, date: undefined }
})

/** Signs up and answers the mail. */
async function signUp(email = someone()) {
  await register(email)
  t.equal((await verify({ token: tokenOf(await lastTo(email)) })).statusCode, 200)
  return email
}

test('the account is created when the mail is answered, with the name and the password of the sign-up', async (t) => {
  const email = someone()
  const answer = await register(` ${email.toUpperCase()} `, password, { refresh_cookie: true })
  t.equal(answer.statusCode, 202)
  t.equal(answer.headers['set-cookie'], undefined)
  t.match((await login(email)).json(), { status: 401, code: 'invalid_credentials' }, 'before')
  const letter = await lastTo(email)
  t.match(letter?.subject, /^Confirm your address/)
  t.equal((await verify({ token: tokenOf(letter) })).statusCode, 200)
  t.match((await login(email)).json(), { user: { email, name: 'Ann', email_verified: true } })
  refused(t, await verify({ token: tokenOf(letter) }), 'invalid_token', 'again')
  t.strictSame(await app.db.selectFrom('sign_ups').select('mail_id').where('email', '=', email).execute(), [])
})

test('the code of the mail, with the address, creates the account too', async (t) => {
  const email = someone()
  await register(email)
  t.equal((await verify({ email, code: codeOf(await lastTo(email)) })).statusCode, 200)
  t.equal((await login(email)).statusCode, 200)
})

test('taken and free addresses get the same response, rows and statements, and so do logins and codes afterwards', async (t) => {
  const [taken, free] = [await signUp(), someone()]
  const queriesOf = countQueries(t, app)
  const both = async (call: (email: string) => Promise<Answer>, isCounted = true) => {
    const seen: unknown[] = []
    for (const email of [taken, free]) {
      await lettersTo(email)
      const answers: Answer[] = []
      const count = await queriesOf(async () => answers.push(await call(email)))
      // Not while this process sends mails.
      seen.push([answers.map(bare), isCounted && count])
    }
    t.strictSame(seen[0], seen[1])
  }
  // More often than the recipient's budget.
  for (let i = 0; i < 7; i++) await both((email) => register(email, other), false)
  for (let i = 0; i < 3; i++) await both((email) => login(email, other))
  for (let i = 0; i < 7; i++) await both((email) => verify({ email, code: '0000 0000' }))
  await both((email) => anyone.post('/api/auth/password/forgot', { email }, { headers: from }), false)
  await lettersTo(free)
  const rows = async (recipient: string) => [
    await app.db
      .selectFrom('mails')
      .select(['kind', 'language', 'address', 'user_agent', 'user_id'])
      .where('recipient', '=', recipient)
      .where('kind', '=', 'sign-up')
      .orderBy('id')
      .limit(7)
      .execute(),
    (await app.db.selectFrom('sign_ups').select('name').where('email', '=', recipient).execute()).length,
    await app.db
      .selectFrom('mail_tokens')
      .select(['purpose', 'tries', 'user_id'])
      .where('subject', '=', recipient)
      .where('purpose', '=', 'verify')
      .execute()
  ]
  const [first, second] = [await rows(taken), await rows(free)]
  t.strictSame(first, second)
  t.match(first[2], [{ tries: 5 }], 'codes are counted for both')
})

test('the owner of a taken address gets a mail that says so, without a link, and keeps the password', async (t) => {
  const email = await signUp()
  t.equal((await register(email, other)).statusCode, 202)
  const letter = await lastTo(email)
  t.match(letter?.subject, 'You already have a Gatehouse account')
  t.notMatch(`${letter?.text}`, /#token|\d{4} \d{4}$/m)
  t.equal((await login(email)).statusCode, 200)
  t.equal((await login(email, other)).statusCode, 401)
})

test('a deactivated account is taken as well', async (t) => {
  const email = await signUp()
  await app.db.updateTable('users').set({ is_active: false }).where('email', '=', email).execute()
  await register(email, other)
  t.match((await lastTo(email))?.subject, 'You already have')
})

test('the address of a user of another issuer is free to sign up here', async (t) => {
  const email = someone()
  const foreign = caller(app, bridgeToken({ sub: email, email }))
  t.equal((await foreign.get('/api/auth/me')).statusCode, 200)
  t.equal((await login(await signUp(email))).statusCode, 200)
})

test('the old address of a change, which is reserved, gets the mail of a taken one', async (t) => {
  const { app, anyone, lettersTo } = await startApp(t, { settings })
  const [email, next] = [someone(), someone()]
  const register = () => anyone.post('/api/auth/register', { email, name: 'Ann', password: other })
  const lastTo = async (email: string) => (await lettersTo(email)).at(-1)
  await anyone.post('/api/auth/register', { email, name: 'Ann', password })
  await anyone.post('/api/auth/email/verify', { token: tokenOf(await lastTo(email)) })
  const { access_token } = (await anyone.post('/api/auth/login', { email, password })).json()
  await caller(app, access_token).post('/api/auth/email/change', { email: next })
  await anyone.post('/api/auth/email/confirm', { token: tokenOf(await lastTo(next)) })
  // The mail about the change, which otherwise can be sent after the next one.
  await lettersTo(email)
  const expireIn = (interval: string) =>
    app.db
      .updateTable('email_changes')
      .set({ expires_at: sql<string>`now() + ${interval}::interval` })
      .execute()
  // A minute longer than the change can be undone, as in the database.
  for (const left of ['1 hour', '-30 seconds']) {
    await expireIn(left)
    t.equal((await register()).statusCode, 202)
    t.match((await lastTo(email))?.subject, 'You already have', left)
  }
  await expireIn('-2 minutes')
  await register()
  t.equal((await anyone.post('/api/auth/email/verify', { token: tokenOf(await lastTo(email)) })).statusCode, 200)
})

test('one recipient gets five mails an hour, and the last link works', async (t) => {
  const email = someone()
  for (let i = 0; i < 9; i++) {
    t.equal((await register(email, `several-horses-${i}`)).statusCode, 202)
    await lettersTo(email)
  }
  const letters = await lettersTo(email)
  t.equal(letters.length, 5)
  refused(t, await verify({ token: tokenOf(letters[3]) }), 'invalid_token', 'an older link')
  t.equal((await verify({ token: tokenOf(letters[4]) })).statusCode, 200)
  t.equal((await login(email, 'several-horses-4')).statusCode, 200, 'with the password of that sign-up')
})

test('a link never creates the account of another sign-up, of which no mail was sent', async (t) => {
  const { app, anyone, lettersTo } = await startApp(t, { settings })
  const email = 'ann@example.com'
  const register = (password: string) => anyone.post('/api/auth/register', { email, name: 'Ann', password })
  const login = async (password: string) => (await anyone.post('/api/auth/login', { email, password })).statusCode
  await register(password)
  const token = tokenOf((await lettersTo(email)).at(-1))
  await app.mail.sender?.stop()
  await register(other)
  t.equal((await anyone.post('/api/auth/email/verify', { token })).statusCode, 200)
  t.strictSame([await login(other), await login(password)], [401, 200])
})

test('a link fails when the address has an account meanwhile, or its sign-up is gone', async (t) => {
  const { app, anyone, lettersTo } = await startApp(t, { settings })
  const email = 'ann@example.com'
  const attempt = async (between: () => Promise<unknown>) => {
    await anyone.post('/api/auth/register', { email, name: 'Ann', password })
    const token = tokenOf((await lettersTo(email)).at(-1))
    await between()
    return anyone.post('/api/auth/email/verify', { token })
  }
  refused(t, await attempt(() => app.db.deleteFrom('sign_ups').execute()), 'invalid_token', 'gone')
  const insert = () =>
    app.db.insertInto('users').values({ id: crypto.randomUUID(), email, name: 'Ben', password_hash: 'x' }).execute()
  refused(t, await attempt(insert), 'invalid_token', 'taken')
  t.match(await app.db.selectFrom('users').select('name').execute(), [{ name: 'Ben' }])
})

test('of 20 requests with one link at once, one creates the account', async (t) => {
  const { app, anyone, lettersTo } = await startApp(t, { settings })
  const email = 'ann@example.com'
  await anyone.post('/api/auth/register', { email, name: 'Ann', password })
  const token = tokenOf((await lettersTo(email)).at(-1))
  const answers = await Promise.all(Array.from({ length: 20 }, () => anyone.post('/api/auth/email/verify', { token })))
  t.equal(answers.filter(({ statusCode }) => statusCode === 200).length, 1)
  t.equal((await app.db.selectFrom('users').select('id').execute()).length, 1)
})

test('a password against the rules is refused at the sign-up, not when the mail is answered', async (t) => {
  t.match((await register(someone(), 'password-1')).json(), { status: 400, errors: [{ pointer: '/password' }] })
})

test('signing up counts as a request for mail, by client address only', async (t) => {
  const limits = { RATE_LIMIT_ENABLED: 'true', RATE_LIMIT_MAIL: '2' }
  for (const mode of [settings, { EMAIL_VERIFICATION: 'soft' }]) {
    const { anyone } = await startApp(t, { settings: { ...mode, ...limits } })
    const register = async (remoteAddress: string) => {
      const body = { email: someone(), name: 'Ann', password }
      return (await anyone.post('/api/auth/register', body, { remoteAddress })).statusCode
    }
    for (let i = 0; i < 2; i++) t.match(String(await register('192.0.2.1')), /^20[12]$/)
    t.equal(await register('192.0.2.1'), 429)
    t.match(String(await register('192.0.2.2')), /^20[12]$/)
  }
})
