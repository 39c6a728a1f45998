import t, { test } from 'tap'
import { caller, password, startApp } from '../helpers/app.ts'
import { bridgeToken } from '../helpers/mint.ts'
import { refused } from '../helpers/refused.ts'

/** A fixed time, so that tokens do not age. */
let now = Date.now()
const { app, signUp, anyone } = await startApp(t, { settings: { RATE_LIMIT_ENABLED: 'true' }, clock: () => now })
type Caller = ReturnType<typeof caller>
const remove = (who: Caller, body?: object) => who.post('/api/auth/profile/delete', body)
const seconds = () => Math.floor(now / 1000)
const by = (claims: Record<string, unknown>) =>
  caller(app, bridgeToken({ iat: seconds(), exp: seconds() + 900, ...claims }))
const countOf = async (table: 'tasks' | 'sessions', userId: string) =>
  (await app.db.selectFrom(table).select('id').where('user_id', '=', userId).execute()).length
const rowsOf = (subject: string) => app.db.selectFrom('users').select('id').where('subject', '=', subject).execute()

test('an account is deleted with its tasks, sessions and tokens', async (t) => {
  const [ann, ben] = [await signUp(), await signUp()]
  const other = (await anyone.post('/api/auth/login', { email: ann.email, password })).json()
  for (const who of [ann, ann, ben]) await who.post('/api/tasks', { title: 'mine' })
  const answer = await remove(ann, { password })
  t.equal(answer.statusCode, 204)
  t.equal(answer.body, '')
  for (const token of [ann.token, other.access_token])
    for (const url of ['/api/auth/me', '/api/auth/profile', '/api/tasks'])
      refused(t, await caller(app, token).get(url), 'token_revoked', url)
  const { refresh_token } = other
  refused(t, await anyone.post('/api/auth/refresh', { refresh_token }), 'invalid_token', 'a refresh token')
  t.equal((await anyone.post('/api/auth/login', { email: ann.email, password })).statusCode, 401)
  t.strictSame([await countOf('tasks', ann.id), await countOf('sessions', ann.id)], [0, 0])
  t.strictSame([await countOf('tasks', ben.id), await countOf('sessions', ben.id)], [1, 1], 'another user’s stay')
  const again = await signUp(ann.email)
  t.not(again.id, ann.id, 'the address is free for somebody new')
  t.strictSame((await again.get('/api/tasks')).json().items, [])
})

test('a deletion that fails halfway deletes nothing', async (t) => {
  const ann = await signUp()
  await ann.post('/api/tasks', { title: 'kept' })
  await app.db.schema
    .createTable('hold')
    .addColumn('user_id', 'uuid', (column) => column.references('users.id'))
    .execute()
  const hold = app.db.withTables<{ hold: { user_id: string } }>()
  await hold.insertInto('hold').values({ user_id: ann.id }).execute()
  const answer = await app.inject({
    method: 'POST',
    url: '/api/auth/profile/delete',
    headers: { authorization: `Bearer ${ann.token}` },
    payload: { password }
  })
  t.equal(answer.statusCode, 500)
  await app.db.schema.dropTable('hold').execute()
  t.equal((await ann.get('/api/tasks')).json().items.length, 1)
  t.equal(await countOf('sessions', ann.id), 1)
})

test('without the right password nothing is deleted, and guessing is throttled', async (t) => {
  const ann = await signUp()
  for (const body of [undefined, {}])
    t.match((await remove(ann, body)).json(), {
      status: 400,
      errors: [{ pointer: '/password', message: 'is required' }]
    })
  for (let i = 0; i < 10; i++)
    t.match((await remove(ann, { password: `wrong-${i}` })).json(), { status: 401, code: 'invalid_credentials' })
  t.match((await remove(ann, { password: 'wrong' })).headers, { 'retry-after': /^\d+$/ })
  t.equal((await ann.get('/api/auth/profile')).statusCode, 200)
})

test("a foreign user's account is deleted by a token under five minutes old", async (t) => {
  const old = { sub: 'fay', email: 'fay@example.com', iat: seconds() - 301 }
  await by(old).post('/api/tasks', { title: 'mine' })
  for (const body of [undefined, { password }])
    t.match((await remove(by(old), body)).json(), { status: 403, code: 'forbidden' }, 'an older one does not')
  const [before] = await rowsOf('fay')
  t.equal((await remove(by({ ...old, iat: seconds() - 299 }))).statusCode, 204)
  t.strictSame(await rowsOf('fay'), [])
  t.equal(await countOf('tasks', before?.id ?? ''), 0)

  for (const iat of [seconds() - 301, seconds() - 100, seconds()])
    refused(t, await by({ ...old, iat, email: 'new@example.com' }).get('/api/tasks'), 'token_revoked', 'an old token')
  t.strictSame(await rowsOf('fay'), [], 'no old token makes the account anew')

  // The database, whose clock is its own, ends what was issued until the deletion.
  now = Date.now()
  const later = by({ ...old, iat: seconds() + 30 })
  t.strictSame((await later.get('/api/tasks')).json().items, [], 'whoever logs in there again begins anew')
  t.not((await rowsOf('fay'))[0]?.id, before?.id)
})

test('a foreign account is deleted by a token from a fast clock, which is revoked', async (t) => {
  const ida = by({ sub: 'ida', iat: seconds() + 50 })
  t.equal((await remove(ida)).statusCode, 204)
  refused(t, await ida.get('/api/auth/me'), 'token_revoked', 'the same token')
  t.strictSame(await rowsOf('ida'), [])
})

test('the deletion of a foreign account does not affect another user of the issuer', async (t) => {
  const gus = by({ sub: 'gus' })
  await gus.get('/api/auth/me')
  await remove(by({ sub: 'hal' }))
  t.equal((await gus.get('/api/auth/me')).statusCode, 200)
})
