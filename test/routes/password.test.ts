import t, { test } from 'tap'
import { caller, password, startApp } from '../helpers/app.ts'
import { bridgeToken } from '../helpers/mint.ts'
import { pointersOf, refused } from '../helpers/refused.ts'

const { app, signUp, anyone } = await startApp(t, { settings: { RATE_LIMIT_ENABLED: 'true' } })
const next = 'another-horse-8'
const login = (email: string, password: string) => anyone.post('/api/auth/login', { email, password })
type Caller = ReturnType<typeof caller>
const change = (who: Caller, current_password: unknown, new_password: unknown) =>
  who.put('/api/auth/password', { current_password, new_password })

test('a new password ends every session, opens one, and replaces the old password', async (t) => {
  const ann = await signUp()
  const thief = (await login(ann.email, password)).json()
  const answer = await change(ann, password, next)
  t.equal(answer.statusCode, 200)
  const { access_token, refresh_token, user } = answer.json()
  t.equal(user.id, ann.id)

  for (const token of [ann.token, thief.access_token])
    refused(t, await caller(app, token).get('/api/auth/me'), 'token_revoked', 'an old token')
  const stolen = { refresh_token: thief.refresh_token }
  refused(t, await anyone.post('/api/auth/refresh', stolen), 'invalid_token', 'an old refresh token')

  const fresh = caller(app, access_token)
  t.equal((await fresh.get('/api/auth/me')).statusCode, 200)
  t.match((await fresh.get('/api/auth/sessions')).json(), { items: [{ current: true }] })
  t.equal((await fresh.get('/api/auth/sessions')).json().items.length, 1)
  t.equal((await anyone.post('/api/auth/refresh', { refresh_token })).statusCode, 200)
  t.equal((await login(ann.email, password)).statusCode, 401)
  t.equal((await login(ann.email, next)).statusCode, 200)
})

test('a new password must follow the rules', async (t) => {
  const ann = await signUp('ann-7@example.com')
  const wrong = [
    '',
    'short-7',
    'no-digit-here',
    'nospecial77',
    'Password1!',
    'Ann-7@example.com',
    `1!${'é'.repeat(36)}`,
    5,
    null
  ]
  for (const given of [...wrong, undefined]) {
    const answer = await change(ann, password, given)
    t.match(answer.json(), { status: 400, code: 'validation_failed' }, String(given))
    t.strictSame(pointersOf(answer), ['/new_password'], String(given))
  }
  t.match((await change(ann, undefined, next)).json(), { errors: [{ pointer: '/current_password' }] })
  t.equal((await ann.get('/api/auth/me')).statusCode, 200, 'the session goes on')
})

test('a wrong current password changes nothing, and is throttled', async (t) => {
  const ann = await signUp()
  for (let i = 0; i < 10; i++)
    t.match((await change(ann, `wrong-${i}`, next)).json(), { status: 401, code: 'invalid_credentials' })
  const throttled = await change(ann, 'wrong', next)
  t.match(throttled.json(), { status: 429, code: 'too_many_requests' })
  t.match(throttled.headers, { 'retry-after': /^\d+$/ })
  t.equal((await login(ann.email, 'wrong')).statusCode, 429, 'by the same count as logins')
  t.equal((await ann.get('/api/auth/me')).statusCode, 200)
})

test('a browser gets its new refresh token in the cookie', async (t) => {
  const ann = await signUp()
  const login = { email: ann.email, password, refresh_cookie: true }
  const { cookies } = await anyone.post('/api/auth/login', login)
  const [{ name = '', value = '' } = {}] = cookies
  const body = { current_password: password, new_password: next }
  const answer = await ann.put('/api/auth/password', body, { cookies: { [name]: value } })
  t.equal(answer.statusCode, 200)
  t.notOk('refresh_token' in answer.json())
  t.match(answer.cookies, [{ name, httpOnly: true, sameSite: 'Strict' }])
  t.not(answer.cookies[0]?.value, value)
})

test('a foreign user cannot change a password', async (t) => {
  t.match((await change(caller(app, bridgeToken()), password, next)).json(), { status: 403, code: 'forbidden' })
})

test('a token of a deleted user changes nothing', async (t) => {
  const ann = await signUp()
  await app.db
    .updateTable('sessions')
    .set({ access_expires_at: '2020-01-01T00:00:00Z' })
    .where('user_id', '=', ann.id)
    .execute()
  await app.db.deleteFrom('users').where('id', '=', ann.id).execute()
  refused(t, await change(ann, password, next), 'token_revoked', 'gone')
  for (const method of ['get', 'put'] as const)
    t.match((await ann[method]('/api/auth/profile', method === 'put' ? { name: 'x' } : undefined)).json(), {
      status: 404,
      detail: 'User not found'
    })
})
