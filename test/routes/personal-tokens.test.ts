import t, { test } from 'tap'
import { createAuth } from '../../src/auth/auth.ts'
import { shape } from '../../src/auth/personal-tokens/token-text.ts'
import type { AccessToken } from '../../src/auth/tokens/claims.ts'
import { deleteExpired } from '../../src/housekeeping.ts'
import { promoted } from '../helpers/admins.ts'
import { caller, password, startApp } from '../helpers/app.ts'
import { claimsOf } from '../helpers/factors.ts'
import { bridgeToken, ourToken } from '../helpers/mint.ts'
import { path, personalTokensOf } from '../helpers/personal-tokens.ts'
import { refused } from '../helpers/refused.ts'

const maxPersonalTokens = 50

let now = Date.now()
// The limits are off.
const settings = { BETTER_AUTH_URL: 'https://app.example.com', RATE_LIMIT_TOKEN: '1' }
const { app, config, anyone, signUp, lettersTo, lines } = await startApp(t, { settings, clock: () => now })
const { make, program, store } = personalTokensOf(app)
const day = 24 * 60 * 60 * 1000

type Signed = Awaited<ReturnType<typeof signUp>>
const itemsOf = async (user: Pick<Signed, 'get'>) => (await user.get(path)).json().items
const namesOf = async (user: Pick<Signed, 'get'>) => (await itemsOf(user)).map(({ name }: { name: string }) => name)
const eventsOf = async (userId: string) =>
  (await app.db.selectFrom('security_events').select('event').where('user_id', '=', userId).orderBy('id').execute())
    .map(({ event }) => event)
    .filter((event) => event.startsWith('token.'))

test('a personal access token calls for its user until it is ended, and is shown only once', async (t) => {
  const ann = await signUp()
  const answer = await make(ann, { name: '  Backup ', scopes: ['tasks:write', 'tasks:read'], expires_in_days: 7 })
  t.equal(answer.statusCode, 201)
  const { token, ...shown } = answer.json()
  t.match(token, shape)
  t.match(shown, { name: 'Backup', scopes: ['tasks:read', 'tasks:write'], last_used_at: null })
  t.equal(Date.parse(shown.expires_at) - Date.parse(shown.created_at), 7 * day)
  t.strictSame(await itemsOf(ann), [shown], 'the list has no secret')

  const script = caller(app, token)
  const task = await script.post('/api/tasks', { title: 'by a program' })
  t.equal(task.statusCode, 201)
  t.equal((await script.get('/api/tasks')).json().items[0].id, task.json().id, 'it may call more than once a minute')
  t.equal((await ann.get('/api/tasks')).json().items[0].id, task.json().id, 'it is a task of the user')

  t.equal((await ann.delete(`${path}/${shown.id}`)).statusCode, 204)
  refused(t, await script.get('/api/tasks'), 'token_revoked', 'at once')
  t.strictSame(await itemsOf(ann), [])
  t.equal((await ann.delete(`${path}/${shown.id}`)).statusCode, 404)
  t.strictSame(await eventsOf(ann.id), ['token.created', 'token.ended'])
  const letters = (await lettersTo(ann.email)).map(({ subject, link, text }) => [subject, link, /Backup/.test(text)])
  t.strictSame(letters, [['An access token was created for your Gatehouse account', undefined, false]])
  t.notOk(JSON.stringify(lines).includes(token.slice(3)), 'nothing is logged')
})

test('a token that names another user’s session makes no personal access token', async (t) => {
  const [ann, ben] = [await signUp(), await signUp()]
  const { sid } = claimsOf(ben.token)
  const at = Math.floor(now / 1000)
  const forged = ourToken({ sub: ann.id, email: ann.email, sid, auth_time: at, amr: ['pwd'], iat: at, exp: at + 600 })
  refused(t, await make(caller(app, forged)), 'token_revoked', 'the session is not of this user')
  t.strictSame(await itemsOf(ann), [])
})

test('the database has no token, only its SHA-256', async (t) => {
  const ann = await signUp()
  const { token, id } = await program(ann)
  const row = await app.db.selectFrom('personal_tokens').selectAll().where('id', '=', id).executeTakeFirstOrThrow()
  t.equal(Buffer.from(row.hash).toString('hex'), (await import('node:crypto')).hash('sha256', token))
  t.notOk(JSON.stringify({ ...row, hash: Buffer.from(row.hash).toString() }).includes(token.slice(3)))
})

const bad: Record<string, object> = {
  'no end': { expires_in_days: undefined },
  'an end today': { expires_in_days: 0 },
  'an end in more than a year': { expires_in_days: 366 },
  'half a day': { expires_in_days: 1.5 },
  'a number as text': { expires_in_days: '30' },
  'no scope': { scopes: [] },
  'no scopes': { scopes: undefined },
  'a scope twice': { scopes: ['tasks:read', 'tasks:read'] },
  'an unknown scope': { scopes: ['tasks:*'] },
  'a scope as text': { scopes: 'tasks:read' },
  'no name': { name: undefined },
  'a blank name': { name: '  ' },
  'a long name': { name: 'x'.repeat(101) },
  'an unknown key': { token: 'mine' }
}
test('a token needs a name, scopes and an end within a year', async (t) => {
  const ann = await signUp()
  for (const [what, given] of Object.entries(bad)) t.equal((await make(ann, given)).statusCode, 400, what)
  t.strictSame(await itemsOf(ann), [])
  for (const expires_in_days of [1, 365]) t.equal((await make(ann, { expires_in_days })).statusCode, 201)
})

test('creating a token requires a step-up, which a user of another issuer cannot do', async (t) => {
  const ann = await signUp()
  now += 11 * 60 * 1000
  t.match((await make(ann)).json(), { code: 'step_up_required' })
  t.equal((await ann.get(path)).statusCode, 200, 'reading does not')
  const { access_token } = (await ann.post('/api/auth/step-up', { password })).json()
  t.equal((await make(caller(app, access_token))).statusCode, 201)
  const fay = caller(app, bridgeToken({ sub: 'fay' }))
  t.match((await make(fay)).json(), { code: 'step_up_required' })
  t.strictSame(await itemsOf(fay), [])
  t.equal((await fay.delete(`${path}/${crypto.randomUUID()}`)).statusCode, 404)
})

test('only an admin may issue tokens that read revocations', async (t) => {
  const ann = await signUp()
  const answer = await make(ann, { scopes: ['tasks:read', 'revocations:read'] })
  t.match([answer.statusCode, answer.json().code], [403, 'forbidden'])
  t.strictSame(await itemsOf(ann), [])
})

test('a token that reads revocations is deleted when its admin is demoted, and other tokens stay', async (t) => {
  const ann = await promoted(app, await signUp())
  const [feed, script] = [await make(ann, { scopes: ['revocations:read'] }), await program(ann)]
  t.equal(feed.statusCode, 201)
  await app.db.updateTable('users').set({ role: 'user' }).where('id', '=', ann.id).execute()
  await app.revocations.catchUp()
  const rows = await app.db.selectFrom('personal_tokens').select('id').where('user_id', '=', ann.id).execute()
  t.strictSame(rows, [{ id: script.id }], 'the other one stays')
  t.equal((await script.get('/api/tasks')).statusCode, 200)
})

test("another user's token cannot be listed or ended", async (t) => {
  const [ann, ben] = [await signUp(), await signUp()]
  const script = await program(ann)
  t.equal((await ben.delete(`${path}/${script.id}`)).statusCode, 404)
  t.strictSame(await itemsOf(ben), [])
  t.equal((await script.get('/api/tasks')).statusCode, 200)
  t.strictSame((await (await program(ben)).get('/api/tasks')).json().items, [], 'each has the tasks of its own user')
})

test('an account has at most 50 tokens, also if they are made at the same time; expired ones do not count', async (t) => {
  const ann = await signUp()
  for (let i = 0; i < maxPersonalTokens - 2; i++) await store(ann.id)
  await store(ann.id, ['tasks:read'], '-1 second')
  const answers = await Promise.all(Array.from({ length: 4 }, () => make(ann)))
  t.strictSame(answers.map(({ statusCode }) => statusCode).sort(), [201, 201, 409, 409])
  const { code, detail } = answers.find(({ statusCode }) => statusCode === 409)?.json() ?? {}
  t.match([code, detail], ['quota_exceeded', 'An account has at most 50 personal access tokens; end one'])
  t.equal((await itemsOf(ann)).length, maxPersonalTokens)
})

test('expired tokens are not listed, and are deleted', async (t) => {
  const ann = await signUp()
  await store(ann.id, ['tasks:read'], '-1 second')
  await store(ann.id, ['tasks:read'], '1 minute')
  t.strictSame(await namesOf(ann), ['Stored'])
  await deleteExpired(app.db, config)
  const rows = await app.db.selectFrom('personal_tokens').select('id').where('user_id', '=', ann.id).execute()
  t.equal(rows.length, 1)
})

/** What ends the tokens of an account, as it ends the sessions. */
const ends: Record<string, (user: Signed) => Promise<unknown>> = {
  'a change of the password': (user) =>
    user.put('/api/auth/password', { current_password: password, new_password: 'another-horse-8' }),
  async 'a reset of the password'({ email }) {
    await anyone.post('/api/auth/password/forgot', { email })
    const { link = '' } = (await lettersTo(email)).at(-1) ?? {}
    return anyone.post('/api/auth/password/reset', { token: link.split('=')[1], new_password: 'another-horse-8' })
  },
  'the deletion of the account': (user) => user.post('/api/auth/profile/delete', { password }),
  async deactivation({ id }) {
    await app.db.updateTable('users').set({ is_active: false }).where('id', '=', id).execute()
    await app.revocations.catchUp()
  },
  async "an operator's SQL"({ id }) {
    await app.db.deleteFrom('users').where('id', '=', id).execute()
    await app.revocations.catchUp()
  }
}
for (const [what, end] of Object.entries(ends))
  test(`${what} ends personal access tokens that were used, and those that were not`, async (t) => {
    const ann = await signUp()
    const [used, unused, ben] = [await program(ann), await program(ann), await program(await signUp())]
    t.equal((await used.get('/api/tasks')).statusCode, 200)
    await end(ann)
    refused(t, await used.get('/api/tasks'), 'token_revoked', 'used')
    refused(t, await unused.get('/api/tasks'), 'invalid_token', 'unused')
    const rows = await app.db.selectFrom('personal_tokens').select('id').where('user_id', '=', ann.id).execute()
    t.strictSame(rows, [])
    t.equal((await ben.get('/api/tasks')).statusCode, 200, "another user's token is not affected")
  })

test('logout, and the end of all other sessions, end no personal access token', async (t) => {
  const ann = await signUp()
  const script = await program(ann)
  t.equal((await ann.delete('/api/auth/sessions')).statusCode, 204)
  t.equal((await ann.post('/api/auth/logout')).statusCode, 200)
  t.equal((await script.get('/api/tasks')).statusCode, 200)
})

test('a session that ends while its user makes a token makes none', async (t) => {
  const ann = await signUp()
  await app.db.deleteFrom('sessions').where('user_id', '=', ann.id).execute()
  const { personalTokens, revocations, sessions, verify } = createAuth(config, app.db, {
    jwt: app.jwt,
    log: app.log,
    clock: () => now
  })
  t.teardown(() => {
    revocations.stop()
    return sessions.stop()
  })
  const user = { id: ann.id, email: ann.email, token: (await verify(ann.token)) as AccessToken }
  const client = { ip: '192.0.2.1', prefix: '192.0.2.1', userAgent: null }
  const given = { name: 'Late', scopes: ['tasks:read' as const], expires_in_days: 1 }
  await t.rejects(personalTokens.make(user, given, client), { code: 'token_revoked' })
  t.strictSame(await app.db.selectFrom('personal_tokens').select('id').where('user_id', '=', ann.id).execute(), [])
})

test('each token has its own rows in the audit trail, however many its user makes', async (t) => {
  const ann = await signUp()
  const both = ['token.created', 'token.ended']
  for (let i = 0; i < 25; i++) {
    const { id } = (await make(ann)).json()
    await ann.delete(`${path}/${id}`)
  }
  t.strictSame(await eventsOf(ann.id), Array(25).fill(both).flat())
})
