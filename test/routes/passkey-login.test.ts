import t, { type Test, test } from 'tap'
import { caller, password, startApp } from '../helpers/app.ts'
import { type Authenticator, createAuthenticator, type Deviation, passkeysOf } from '../helpers/authenticator.ts'
import { tokenOf } from '../helpers/mailbox.ts'
import { countQueries } from '../helpers/queries.ts'
import { refreshing, sessionOf } from '../helpers/refreshing.ts'
import { server } from '../helpers/template.ts'

let now = Date.now()
const clock = () => now
const { app, config, anyone, signUp, lettersTo, lines } = await startApp(t, { clock })
const { loginOptions, send, add, logIn, stepUp } = passkeysOf(anyone)
const { refresh } = refreshing(app)
const pass = (seconds: number) => {
  now += seconds * 1000
}
type Answer = Awaited<ReturnType<typeof anyone.get>>

const claimsOf = (token: string) => JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())
const eventsOf = async (userId: string) =>
  (
    await app.db.selectFrom('security_events').select('event').where('user_id', '=', userId).orderBy('id').execute()
  ).map(({ event }) => event)

async function withPasskey() {
  const ann = await signUp()
  const authenticator = createAuthenticator()
  const { id, recovery_codes } = (await add(ann, authenticator)).json()
  return { ann, authenticator, passkeyId: id as string, recoveryCodes: recovery_codes as string[] }
}

/** Everything that a client can see, except what differs between any two requests. */
function seen({ statusCode, headers, body }: Answer) {
  const { date: _date, 'x-request-id': requestId, ...rest } = headers
  return { statusCode, headers: rest, body: body.replace(String(requestId), '') }
}

function refused(t: Test, answer: Answer, what: string) {
  t.match(answer.json(), { status: 401, code: 'invalid_credentials', detail: 'The passkey does not work here' }, what)
  t.equal(answer.headers['www-authenticate'], 'Bearer realm="gatehouse"', what)
}

test('a passkey signs in without an address, and counts as two factors', async (t) => {
  const { ann, authenticator } = await withPasskey()
  const answer = await logIn(authenticator)
  t.equal(answer.statusCode, 200)
  const { access_token, refresh_token, user } = answer.json()
  t.equal(user.id, ann.id)
  t.match(claimsOf(access_token), {
    sid: sessionOf(refresh_token),
    auth_time: Math.floor(now / 1000),
    amr: ['hwk', 'mfa']
  })
  t.equal((await caller(app, access_token).post('/api/auth/passkeys/options')).statusCode, 200, 'a step-up as well')
  t.strictSame((await eventsOf(ann.id)).slice(-2), ['passkey.added', 'login'])
  const refreshed = (await refresh(refresh_token)).json()
  t.match(claimsOf(refreshed.access_token), { amr: ['hwk', 'mfa'] })
})

test('the refresh token can be a cookie', async (t) => {
  const { authenticator } = await withPasskey()
  const credential = authenticator.get(await loginOptions())
  const answer = await anyone.post('/api/auth/passkeys/login', { credential, refresh_cookie: true })
  t.match(String(answer.headers['set-cookie']), /gatehouse_refresh=[\w-]+;.*HttpOnly/)
  t.equal(answer.json().refresh_token, undefined)
})

test('the options of a login are the same for everybody, and cost no query', async (t) => {
  const queriesOf = countQueries(t, app)
  const { challenge, ...options } = (await anyone.post('/api/auth/passkeys/login/options')).json()
  t.strictSame(options, { timeout: 300_000, rpId: 'localhost', allowCredentials: [], userVerification: 'required' })
  t.not((await loginOptions()).challenge, challenge)
  t.equal(await queriesOf(async () => void (await loginOptions())), 0)
  const named = await anyone.post('/api/auth/passkeys/login/options', { email: 'ann@example.com' })
  t.equal(named.statusCode, 400, 'they cannot be asked for an account')
})

const bad: Record<string, Deviation> = {
  'without user verification': { userVerified: false },
  'without a user': { userPresent: false, userVerified: false },
  'for another origin': { origin: 'https://evil.example' },
  'for another port of the host': { origin: 'http://localhost:8001' },
  'for another relying party': { rpId: 'evil.example' },
  'on an embedded page': { crossOrigin: true },
  'on a page that another one embeds': { crossOrigin: false, topOrigin: 'https://evil.example' },
  'made for a registration': { type: 'webauthn.create' },
  'with a made-up challenge': { challenge: Buffer.alloc(54).toString('base64url') },
  'of another user': { userHandle: 'AAAAAAAAAAAAAAAAAAAAAA' },
  'that does not say whose it is': { userHandle: undefined },
  'with a wrong signature': { response: { signature: 'MEUCIQDx' } },
  'with data that were not signed': { response: { authenticatorData: 'A'.repeat(50) } }
}
for (const [what, how] of Object.entries(bad))
  test(`a passkey ${what} does not sign in, and gets the answer of an unknown one`, async (t) => {
    const { ann, authenticator } = await withPasskey()
    const answer = await logIn(authenticator, how)
    refused(t, answer, what)
    t.strictSame(seen(answer), seen(await logIn(createAuthenticator())))
    t.equal((await eventsOf(ann.id)).at(-1), 'passkey.failed')
    t.equal((await logIn(authenticator)).statusCode, 200, 'the same without it does')
  })

test('the reason why a passkey was refused is logged, on one short line', async (t) => {
  const { authenticator } = await withPasskey()
  await logIn(authenticator, { origin: `https://${'\u202Eevil.'.repeat(100)}example` })
  const refusal = String(lines.at(-1)?.refusal)
  t.match(refusal, /origin "https:\/\/\uFFFDevil\./)
  t.equal(refusal.length, 200)
})

test('many refused passkeys of one account do not hide those of another one in its events', async (t) => {
  const [ann, ben] = [await withPasskey(), await withPasskey()]
  const fail = (authenticator: Authenticator) => send(authenticator.get({ challenge: 'AAAA' }))
  for (let i = 0; i < 21; i++) refused(t, await fail(ann.authenticator), `${i}`)
  refused(t, await fail(ben.authenticator), 'of the other one')
  t.strictSame((await eventsOf(ben.ann.id)).at(-1), 'passkey.failed')
})

test('an assertion signed by another key is refused', async (t) => {
  const { ann, authenticator } = await withPasskey()
  const other = createAuthenticator({ id: Buffer.from(authenticator.id, 'base64url') })
  other.create({
    challenge: 'AAAA',
    user: { id: Buffer.from(ann.id.replaceAll('-', ''), 'hex').toString('base64url') }
  })
  refused(t, await logIn(other), 'another key')
})

test('a challenge works once, for five minutes, and only for a login', async (t) => {
  const { ann, authenticator } = await withPasskey()
  const options = await loginOptions()
  t.equal((await send(authenticator.get(options))).statusCode, 200)
  refused(t, await send(authenticator.get(options)), 'twice')
  t.equal((await eventsOf(ann.id)).at(-1), 'passkey.failed', 'which is no sign of a copied key')
  for (const path of ['passkeys/options', 'step-up/options'])
    refused(t, await send(authenticator.get((await ann.post(`/api/auth/${path}`)).json())), path)
  const late = await loginOptions()
  pass(300)
  refused(t, await send(authenticator.get(late)), 'after five minutes')
  pass(-1)
  t.equal((await send(authenticator.get(late))).statusCode, 200, 'a second before')
})

test('fifty times the same assertion at once opens one session', async (t) => {
  const { ann, authenticator } = await withPasskey()
  const before = await app.db.selectFrom('sessions').select('id').where('user_id', '=', ann.id).execute()
  // Without a counter, which would refuse the others as well.
  const credential = authenticator.get(await loginOptions(), { counter: 0 })
  const answers = await Promise.all(Array.from({ length: 50 }, () => send(credential)))
  t.equal(answers.filter(({ statusCode }) => statusCode === 200).length, 1)
  const after = await app.db.selectFrom('sessions').select('id').where('user_id', '=', ann.id).execute()
  t.equal(after.length, before.length + 1)
})

test('of fifty times the same assertion at once over two processes, one opens a session', {
  skip: server ? false : 'needs TEST_DATABASE_URL: the embedded database takes one process'
}, async (t) => {
  const second = await startApp(t, { clock, settings: { DATABASE_URL: config.databaseUrl ?? '' } })
  const { authenticator } = await withPasskey()
  // Without a counter, which would refuse the second one by itself.
  const credential = authenticator.get(await loginOptions(), { counter: 0 })
  const answers = await Promise.all(
    Array.from({ length: 50 }, (_, i) => (i % 2 === 0 ? anyone : second.anyone)).map((one) =>
      passkeysOf(one).send(credential)
    )
  )
  t.equal(answers.filter(({ statusCode }) => statusCode === 200).length, 1)
  const again = authenticator.get(await loginOptions(), { counter: 0 })
  t.equal((await passkeysOf(second.anyone).send(again)).statusCode, 200, 'a challenge of one works at the other')
})

test('a removed passkey does not sign in', async (t) => {
  const { ann, authenticator, passkeyId } = await withPasskey()
  const credential = authenticator.get(await loginOptions())
  t.equal((await ann.delete(`/api/auth/passkeys/${passkeyId}`)).statusCode, 204)
  const answer = await send(credential)
  refused(t, answer, 'removed')
  t.strictSame(seen(answer), seen(await logIn(createAuthenticator())))
  const opened = await anyone.post('/api/auth/login', { email: ann.email, password })
  t.equal(opened.statusCode, 200, 'the password does, without a second factor')
  t.match((await ann.get('/api/auth/factors')).json(), { passkeys: 0, recovery_codes: 0 })
})

test('a counter that goes back, or stands still, is refused and recorded', async (t) => {
  const { ann, authenticator } = await withPasskey()
  t.equal((await logIn(authenticator, { counter: 4_294_967_295 })).statusCode, 200, 'the largest one')
  for (const counter of [4_294_967_295, 7, 0]) {
    refused(t, await logIn(authenticator, { counter }), `${counter}`)
    t.equal((await eventsOf(ann.id)).at(-1), 'passkey.cloned')
  }
})

test('the use of one passkey changes no other one', async (t) => {
  const [ann, ben] = [await withPasskey(), await withPasskey()]
  const itemsOf = async (user: typeof ben.ann) => (await user.get('/api/auth/passkeys')).json().items
  const before = await itemsOf(ben.ann)
  for (const counter of [0, 0, 5]) t.equal((await logIn(ann.authenticator, { counter })).statusCode, 200)
  t.strictSame(await itemsOf(ben.ann), before)
})

test('an assertion with a wrong signature and a lower counter records no cloned passkey', async (t) => {
  const { ann, authenticator } = await withPasskey()
  await logIn(authenticator, { counter: 9 })
  refused(t, await logIn(authenticator, { counter: 3, response: { signature: 'MEUCIQDx' } }), 'wrong signature')
  t.notOk((await eventsOf(ann.id)).includes('passkey.cloned'))
})

test('authenticators that do not count, as synced ones, sign in again and again', async (t) => {
  const { ann, authenticator } = await withPasskey()
  for (let i = 0; i < 3; i++) t.equal((await logIn(authenticator, { counter: 0, backedUp: true })).statusCode, 200)
  t.match((await ann.get('/api/auth/passkeys')).json().items, [{ backed_up: true }])
})

test('a passkey is stored with whether it can be and is backed up, and each login renews that', async (t) => {
  const { ann, authenticator } = await withPasskey()
  const stored = () =>
    app.db
      .selectFrom('passkeys')
      .select(['backup_eligible', 'backed_up'])
      .where('user_id', '=', ann.id)
      .orderBy('id')
      .execute()
  t.strictSame(await stored(), [{ backup_eligible: false, backed_up: false }])
  t.equal((await logIn(authenticator, { backedUp: true })).statusCode, 200)
  t.strictSame(await stored(), [{ backup_eligible: true, backed_up: true }])
  t.equal((await logIn(authenticator)).statusCode, 200)
  t.strictSame(await stored(), [{ backup_eligible: false, backed_up: false }])
  t.equal((await add(ann, createAuthenticator(), { backedUp: true })).statusCode, 201)
  t.strictSame((await stored()).at(-1), { backup_eligible: true, backed_up: true }, 'at the registration')
})

test('a deactivated user, and one whose account was deleted, get the answer of an unknown one', async (t) => {
  const { ann, authenticator } = await withPasskey()
  const credential = authenticator.get(await loginOptions())
  await app.db.updateTable('users').set({ is_active: false }).where('id', '=', ann.id).execute()
  const answer = await send(credential)
  refused(t, answer, 'deactivated')
  t.strictSame(seen(answer), seen(await logIn(createAuthenticator())))
  await app.db.deleteFrom('users').where('id', '=', ann.id).execute()
  refused(t, await logIn(authenticator), 'deleted')
})

test('a login from a new network sends the owner a notice', async (t) => {
  const { ann, authenticator } = await withPasskey()
  await logIn(authenticator)
  await logIn(authenticator, {}, { remoteAddress: '192.0.2.1' })
  t.equal((await lettersTo(ann.email)).at(-1)?.subject, 'New sign-in to your Gatehouse account')
})

test('with EMAIL_VERIFICATION=required, the passkey of an address that is not confirmed does not sign in', async (t) => {
  const { app, anyone, lettersTo } = await startApp(t, { settings: { EMAIL_VERIFICATION: 'required' } })
  const email = 'ann@example.com'
  await anyone.post('/api/auth/register', { email, name: 'Ann', password })
  await anyone.post('/api/auth/email/verify', { token: tokenOf((await lettersTo(email)).at(-1)) })
  const { access_token } = (await anyone.post('/api/auth/login', { email, password })).json()
  const authenticator = createAuthenticator()
  await passkeysOf(anyone).add(caller(app, access_token), authenticator)
  t.equal((await passkeysOf(anyone).logIn(authenticator)).statusCode, 200)
  await app.db.updateTable('users').set({ email_verified: false }).execute()
  const answer = await passkeysOf(anyone).logIn(authenticator)
  t.match(answer.json(), { status: 401, code: 'email_not_verified' })
  t.match((await lettersTo(email)).at(-1)?.subject, /^Confirm your address/)
  const events = await app.db.selectFrom('security_events').select(['event', 'user_id']).orderBy('id').execute()
  const [user] = await app.db.selectFrom('users').select('id').execute()
  t.strictSame(events.at(-1), { event: 'login.unverified', user_id: user?.id })
})

test('a passkey steps up, in its session only', async (t) => {
  const { ann, authenticator } = await withPasskey()
  const first = (await logIn(authenticator)).json()
  const session = caller(app, first.access_token)
  pass(700)
  t.equal((await session.post('/api/auth/passkeys/options')).json().code, 'step_up_required')
  const raised = await stepUp(session, authenticator)
  t.equal(raised.statusCode, 200)
  t.match(claimsOf(raised.json().access_token), {
    sid: sessionOf(first.refresh_token),
    auth_time: Math.floor(now / 1000),
    amr: ['hwk', 'mfa']
  })
  t.equal((await caller(app, raised.json().access_token).post('/api/auth/passkeys/options')).statusCode, 200)
  t.equal((await eventsOf(ann.id)).at(-1), 'step_up')
})

test('the options of a step-up name the passkeys of the user', async (t) => {
  const { ann, authenticator } = await withPasskey()
  const { challenge: _, ...options } = (await ann.post('/api/auth/step-up/options')).json()
  t.strictSame(options, {
    timeout: 300_000,
    rpId: 'localhost',
    allowCredentials: [{ id: authenticator.id, type: 'public-key', transports: ['internal', 'hybrid'] }],
    userVerification: 'required'
  })
  t.equal(
    (await stepUp(ann, authenticator, { userHandle: undefined })).statusCode,
    200,
    'the browser need not name the user'
  )
})

test('a step-up with the passkey or the challenge of another user or session is refused', async (t) => {
  const [ann, ben] = [await withPasskey(), await withPasskey()]
  const options = async (user: typeof ann.ann) => (await user.post('/api/auth/step-up/options')).json()
  const raise = (user: typeof ann.ann, authenticator: Authenticator, options: { challenge: string }) =>
    user.post('/api/auth/step-up', { credential: authenticator.get(options) })
  refused(t, await raise(ann.ann, ben.authenticator, await options(ann.ann)), 'the passkey of another user')
  refused(t, await raise(ann.ann, ann.authenticator, await options(ben.ann)), 'the challenge of another user')
  refused(t, await raise(ann.ann, ann.authenticator, await loginOptions()), 'the challenge of a login')
  const other = caller(app, (await logIn(ann.authenticator)).json().access_token)
  const mine = await options(ann.ann)
  refused(t, await raise(other as typeof ann.ann, ann.authenticator, mine), 'the challenge of another session')
  t.equal((await raise(ann.ann, ann.authenticator, mine)).statusCode, 200)
  refused(t, await raise(ann.ann, ann.authenticator, mine), 'twice')
})

test('a step-up takes one proof', async (t) => {
  const { ann, authenticator } = await withPasskey()
  const credential = authenticator.get((await ann.post('/api/auth/step-up/options')).json())
  for (const body of [{ credential, password }, { credential, code: '123456' }, {}])
    t.equal((await ann.post('/api/auth/step-up', body)).statusCode, 400)
})

test('the password alone does not sign in beside a passkey; with a recovery code it does', async (t) => {
  const { ann, authenticator, recoveryCodes } = await withPasskey()
  const second = createAuthenticator()
  t.equal((await stepUp(ann, authenticator)).statusCode, 200)
  t.equal((await add(ann, second)).statusCode, 201)
  // Both are lost.
  const asked = await anyone.post('/api/auth/login', { email: ann.email, password })
  t.match(asked.json(), { code: 'second_factor_required', methods: ['passkey', 'recovery_code'] })
  const { challenge } = asked.json()
  const opened = await anyone.post('/api/auth/login/second-factor', { challenge, code: recoveryCodes[0] })
  t.equal(opened.statusCode, 200)
  const back = caller(app, opened.json().access_token)
  for (const { id } of (await back.get('/api/auth/passkeys')).json().items)
    t.equal((await back.delete(`/api/auth/passkeys/${id}`)).statusCode, 204)
  t.equal((await anyone.post('/api/auth/login', { email: ann.email, password })).statusCode, 200)
})

test('a session that ends meanwhile is neither raised nor given a passkey', async (t) => {
  const { authenticator } = await withPasskey()
  const { access_token } = (await logIn(authenticator)).json()
  const ann = caller(app, access_token)
  const [registration, raising] = [
    (await ann.post('/api/auth/passkeys/options')).json(),
    (await ann.post('/api/auth/step-up/options')).json()
  ]
  await app.db.deleteFrom('sessions').where('id', '=', claimsOf(access_token).sid).execute()
  const added = await ann.post('/api/auth/passkeys', { credential: createAuthenticator().create(registration) })
  const raised = await ann.post('/api/auth/step-up', { credential: authenticator.get(raising) })
  t.strictSame([added.json().code, raised.json().code], ['token_revoked', 'token_revoked'])
})
