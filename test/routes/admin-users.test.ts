import { sql } from 'kysely'
import t, { test } from 'tap'
import { denied, promoted } from '../helpers/admins.ts'
import { caller, password, startApp } from '../helpers/app.ts'
import { createAuthenticator, passkeysOf } from '../helpers/authenticator.ts'
import { claimsOf, factored } from '../helpers/factors.ts'
import { bridgeToken } from '../helpers/mint.ts'
import { refused } from '../helpers/refused.ts'

const clock = { now: Date.now() }
const { app, lines, signUp, lettersTo, anyone } = await startApp(t, { clock: () => clock.now })
const { register, logIn } = factored(app, clock)
const reason = 'Ticket 7'
const urlOf = ({ id }: { id: string }, what = '') => `/api/admin/users/${id}${what}`
const foreign = async (sub = 'fay') => {
  const user = caller(app, bridgeToken({ sub, iat: Math.floor(clock.now / 1000) - 30 }))
  return { id: (await user.get('/api/auth/me')).json().user_id as string, ...user }
}
const eventsOf = async ({ id }: { id: string }) =>
  await app.db
    .selectFrom('security_events')
    .select(['event', 'address'])
    .where('user_id', '=', id)
    .orderBy('id')
    .execute()

test('users are found, a page at a time, without what is secret', async (t) => {
  const ann = await promoted(app, await signUp())
  const [ben, cleo] = [await signUp('ben@found.example'), await signUp('cleo@found.example')]
  const first = (await ann.get('/api/admin/users?q=FOUND.example&limit=1')).json()
  t.match(first.items, [{ id: cleo.id, role: 'user', issuer: null, disabled_reason: null }])
  const second = (await ann.get(`/api/admin/users?q=FOUND.example&limit=1&cursor=${first.next_cursor}`)).json()
  t.match(second, { items: [{ id: ben.id }], next_cursor: null })
  t.notMatch(JSON.stringify([first, second]), /hash|secret/)
  t.match((await ann.get('/api/admin/users?role=admin')).json().items, [{ id: ann.id, role: 'admin' }])
  denied(t, await ann.get(`/api/admin/users?q=other&cursor=${first.next_cursor}`), 'validation_failed', 'another query')
  for (const filter of ['state=active', 'role=user']) {
    const url = `/api/admin/users?q=FOUND.example&limit=1&${filter}&cursor=${first.next_cursor}`
    denied(t, await ann.get(url), 'validation_failed', filter)
  }
  const eve = await promoted(app, await signUp())
  const hers = await eve.get(`/api/admin/users?q=FOUND.example&limit=1&cursor=${first.next_cursor}`)
  denied(t, hers, 'validation_failed', 'another admin')
  denied(t, await ann.get('/api/admin/users?state=gone'), 'validation_failed', 'an unknown state')
})

test('a user is shown with sessions, factors, events and usage, and without secrets', async (t) => {
  const ann = await promoted(app, await signUp())
  const ben = await register()
  await caller(app, ben.first.access_token).post('/api/tasks', { title: 'äh', description: 'four' })
  const shown = await ann.get(urlOf(ben))
  const { sessions, factors, events, usage, personal_tokens, ...user } = shown.json()
  t.equal(personal_tokens, 0)
  t.match(user, { id: ben.id, email: ben.email, is_active: true })
  t.equal(sessions.length, 1)
  t.strictSame(factors, { totp: true, passkeys: 0, recovery_codes: 10 })
  t.match(events, [{ event: 'recovery_codes.made' }, { event: 'totp.on' }, { event: 'register' }])
  t.strictSame(usage, { tasks: 1, bytes: 7 })
  t.notMatch(shown.body, new RegExp(`hash|refresh|${ben.secret}|${ben.recoveryCodes[0]}`))

  await sql`delete from task_usage where user_id = ${ben.id}`.execute(app.db)
  t.strictSame((await ann.get(urlOf(ben))).json().usage, { tasks: 1, bytes: 7 }, 'counted where no count is kept yet')
  t.strictSame((await ann.get(urlOf(ann))).json().usage, { tasks: 0, bytes: 0 })
})

test('a disabled account can neither sign in nor use its session until it is enabled, and shows time and reason', async (t) => {
  const ann = await promoted(app, await signUp())
  const ben = await signUp()
  const answer = await ann.post(urlOf(ben, '/disable'), { reason: `  ${reason} ` })
  t.match(answer.json(), { id: ben.id, is_active: false, disabled_reason: reason })
  t.ok(Date.parse(answer.json().disabled_at))
  refused(t, await ben.get('/api/auth/me'), 'token_revoked', 'the session has ended')
  denied(t, await anyone.post('/api/auth/login', ben), 'validation_failed', 'only credentials')
  const login = () => anyone.post('/api/auth/login', { email: ben.email, password })
  denied(t, await login(), 'invalid_credentials', 'disabled')
  t.match((await ann.get('/api/admin/users?state=disabled')).json().items, [{ id: ben.id }])

  const enabled = (await ann.post(urlOf(ben, '/enable'), { reason })).json()
  t.match(enabled, { is_active: true, disabled_at: null, disabled_reason: null })
  t.equal((await login()).statusCode, 200)
  const events = (await eventsOf(ben)).map(({ event }) => event)
  t.strictSame(events, ['register', 'account.disabled', 'login.failed', 'account.enabled', 'login'])
})

test('every operation is logged with its actor, its subject and its reason, and the subject does not learn who it was', async (t) => {
  const ann = await promoted(app, await signUp())
  const ben = await signUp()
  await ann.post(urlOf(ben, '/end-sessions'), { reason }, { headers: { 'x-request-id': 'request-of-ann' } })
  const line = lines.findLast(({ msg }) => msg === 'operation')
  t.match(line, {
    event: 'sessions.ended',
    subject: ben.id,
    reason,
    actor: { id: ann.id }
  })
  const event = lines.findLast(({ msg }) => msg === 'security') ?? {}
  t.match(event, { event: 'sessions.ended', user_id: ben.id, actor: 'admin', actor_id: ann.id })
  t.notHas(event, { reason })
  t.match((await eventsOf(ben)).at(-1), { event: 'sessions.ended', address: '127.0.0.1' })
  const { access_token } = (await anyone.post('/api/auth/login', { email: ben.email, password })).json()
  const { items } = (await caller(app, access_token).get('/api/auth/activity')).json()
  t.match(items[1], { event: 'sessions.ended', ip: null, user_agent: null })
})

test('without a reason nothing is done', async (t) => {
  const ann = await promoted(app, await signUp())
  const ben = await signUp()
  for (const body of [{}, { reason: '' }, { reason: '  ' }, { reason: 'x'.repeat(501) }, { reason, more: 1 }])
    for (const what of ['/disable', '/end-sessions', '/reset-factors', '/send-reset'])
      denied(t, await ann.post(urlOf(ben, what), body), 'validation_failed', what)
  t.equal((await ben.get('/api/auth/me')).statusCode, 200)
})

test('sessions of users end, also those of other issuers', async (t) => {
  const ann = await promoted(app, await signUp())
  const [ben, fay] = [await signUp(), await foreign()]
  for (const user of [ben, fay]) {
    t.equal((await ann.post(urlOf(user, '/end-sessions'), { reason })).statusCode, 204)
    refused(t, await user.get('/api/auth/me'), 'token_revoked', user.id)
  }
  const second = Math.floor(clock.now / 1000)
  const at = (iat: number) => caller(app, bridgeToken({ sub: 'fay', iat })).get('/api/auth/me')
  refused(t, await at(second), 'token_revoked', 'it may be from before')
  t.equal((await at(second + 1)).statusCode, 200, 'a new sign-in, in the next second')
})

test('all second factors are removed, with a notice, and the password signs in', async (t) => {
  const ann = await promoted(app, await signUp())
  const ben = await register()
  const signedIn = caller(app, (await logIn(ben)).access_token)
  const authenticator = createAuthenticator()
  const added = await passkeysOf(anyone).add(signedIn, authenticator)
  t.equal(added.statusCode, 201)
  t.equal((await ann.post(urlOf(ben, '/reset-factors'), { reason })).statusCode, 204)
  refused(t, await signedIn.get('/api/auth/me'), 'token_revoked', 'sessions end')
  t.equal((await anyone.post('/api/auth/login', { email: ben.email, password })).statusCode, 200)
  t.strictSame((await ann.get(urlOf(ben))).json().factors, { totp: false, passkeys: 0, recovery_codes: 0 })
  const letters = (await lettersTo(ben.email)).filter(({ text }) => /people who run the service/.test(text ?? ''))
  t.equal(letters.length, 2, 'the authenticator app, and the passkey')
  t.equal((await ann.post(urlOf(ben, '/reset-factors'), { reason })).statusCode, 204, 'again, with nothing to remove')
})

test('the mail for a new password goes to the address of the account', async (t) => {
  const ann = await promoted(app, await signUp())
  const ben = await signUp()
  t.equal((await ann.post(urlOf(ben, '/send-reset'), { reason })).statusCode, 202)
  const letter = (await lettersTo(ben.email)).at(-1)
  t.match(letter?.subject, /Reset your/)
  t.match(letter?.text, /a console of the people who run the service/)
  denied(t, await ann.post(urlOf(await foreign(), '/send-reset'), { reason }), 'forbidden', 'another issuer')
  await ann.post(urlOf(ben, '/disable'), { reason })
  denied(t, await ann.post(urlOf(ben, '/send-reset'), { reason }), 'forbidden', 'disabled')
})

test('without a mail server no reset mail is promised', async (t) => {
  const settings = { NODE_ENV: 'production', APP_URL: 'https://app.example.com' }
  const { app, signUp } = await startApp(t, { settings })
  const ann = await promoted(app, await signUp())
  denied(t, await ann.post(urlOf(ann, '/send-reset'), { reason }), 'unavailable', 'no SMTP_URL')
})

test('an admin downloads everything that is stored about a user, without secrets, which is recorded', async (t) => {
  const ann = await promoted(app, await signUp())
  const ben = await signUp()
  await ben.post('/api/tasks', { title: 'private' })
  const answer = await ann.post(urlOf(ben, '/export'), { reason })
  t.match(answer.json(), { user: { id: ben.id }, tasks: [{ title: 'private' }] })
  t.match(answer.headers['content-disposition'], 'attachment')
  t.notMatch(answer.body, /password_hash|refresh_hash/)
  t.match((await eventsOf(ben)).at(-1), { event: 'account.exported' })
})

test('a promoted user is an admin from the next login on, and a demoted one no longer', async (t) => {
  const ann = await promoted(app, await signUp())
  const ben = await signUp()
  t.match((await ann.put(urlOf(ben, '/role'), { role: 'admin', reason })).json(), { role: 'admin' })
  refused(t, await ben.get('/api/auth/me'), 'token_revoked', 'sessions end')
  const { access_token } = (await anyone.post('/api/auth/login', { email: ben.email, password })).json()
  t.equal(claimsOf(access_token).role, 'admin')
  t.equal((await caller(app, access_token).get('/api/admin/users')).statusCode, 200)
  t.match((await ann.put(urlOf(ben, '/role'), { role: 'user', reason })).json(), { role: 'user' })
  refused(t, await caller(app, access_token).get('/api/admin/users'), 'token_revoked', 'at once')
  t.match(
    lines.findLast(({ msg }) => msg === 'operation'),
    { event: 'role.changed', reason: `user: ${reason}` }
  )
  denied(t, await ann.put(urlOf(await foreign(), '/role'), { role: 'admin', reason }), 'forbidden', 'another issuer')
})

test('an account is deleted with its tasks and sessions, if the operator knows its address', async (t) => {
  const ann = await promoted(app, await signUp())
  const ben = await signUp()
  await ben.post('/api/tasks', { title: 'private' })
  denied(t, await ann.post(urlOf(ben, '/delete'), { email: ann.email, reason }), 'validation_failed', 'another address')
  t.equal((await ben.get('/api/auth/me')).statusCode, 200)
  const email = ben.email.toUpperCase()
  t.equal((await ann.post(urlOf(ben, '/delete'), { email, reason })).statusCode, 204)
  refused(t, await ben.get('/api/auth/me'), 'token_revoked', 'the session has ended')
  denied(t, await ann.get(urlOf(ben)), 'not_found', 'deleted')
  t.strictSame(await app.db.selectFrom('tasks').select('id').where('user_id', '=', ben.id).execute(), [])
})

test('the last admin cannot be demoted, disabled or deleted, not even by themselves', async (t) => {
  const { app, signUp } = await startApp(t)
  const [ann, ben] = [await promoted(app, await signUp()), await signUp()]
  const attempts = () => [
    ann.put(urlOf(ann, '/role'), { role: 'user', reason }),
    ann.post(urlOf(ann, '/disable'), { reason }),
    ann.post(urlOf(ann, '/delete'), { email: ann.email, reason }),
    ann.post('/api/auth/profile/delete', { password })
  ]
  for (const answer of await Promise.all(attempts())) denied(t, answer, 'last_admin', 'nobody else')
  const cleo = await promoted(app, await signUp())
  await ann.post(urlOf(cleo, '/disable'), { reason })
  for (const answer of await Promise.all(attempts())) denied(t, answer, 'last_admin', 'the other one is disabled')
  t.equal((await ann.post(urlOf(ben, '/disable'), { reason })).statusCode, 200, 'users can be')
  t.equal(
    (await ann.post(urlOf(cleo, '/delete'), { email: cleo.email, reason })).statusCode,
    204,
    'a disabled admin, too'
  )
  await promoted(app, await signUp())
  t.equal((await ann.put(urlOf(ann, '/role'), { role: 'user', reason })).statusCode, 200, 'where another one is left')
})

test('admins who demote, disable or delete each other at the same time do not all stop being one', async (t) => {
  const { app, signUp } = await startApp(t)
  const isLeft = () =>
    app.db.selectFrom('users').select('id').where('role', '=', 'admin').where('is_active', '=', true).execute()
  for (let i = 0; i < 6; i++) {
    const [ann, ben, cleo] = [
      await promoted(app, await signUp()),
      await promoted(app, await signUp()),
      await promoted(app, await signUp())
    ]
    await app.db.updateTable('users').set({ role: 'user' }).where('id', 'not in', [ann.id, ben.id, cleo.id]).execute()
    const answers = await Promise.all([
      ann.put(urlOf(ben, '/role'), { role: 'user', reason }),
      ben.post(urlOf(cleo, '/disable'), { reason }),
      cleo.post(urlOf(ann, '/delete'), { email: ann.email, reason }),
      ann.post('/api/auth/profile/delete', { password })
    ])
    t.ok((await isLeft()).length > 0, answers.map(({ statusCode }) => statusCode).join())
    t.notOk(answers.some(({ statusCode }) => statusCode >= 500))
    await app.db.deleteFrom('users').execute()
  }
})
