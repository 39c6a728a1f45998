import { sql } from 'kysely'
import t, { test } from 'tap'
import { caller, password, startApp } from '../helpers/app.ts'
import { ourToken, seconds } from '../helpers/mint.ts'
import { refreshing, sessionOf } from '../helpers/refreshing.ts'
import { refused } from '../helpers/refused.ts'

const { app, signUp } = await startApp(t)
const { refresh, register, login, rowOf } = refreshing(app)

test('a revocation lasts as long as the longest access token, even if later ones were shorter', async (t) => {
  const ann = await register()
  const week = Date.parse((await rowOf(ann.refresh_token))?.access_expires_at ?? '')
  const until = new Date(week + 24 * 3600_000).toISOString()
  await app.db.updateTable('sessions').set({ access_expires_at: until }).where('user_id', '=', ann.user.id).execute()
  const answer = (await refresh(ann.refresh_token)).json()
  t.equal((await rowOf(answer.refresh_token))?.access_expires_at, until, 'a token of eight days is still about')
})

test('a revocation outlives the access token by the 60 seconds that the clocks may differ', async (t) => {
  const ann = await register()
  const margin = async () => {
    const row = await rowOf(ann.refresh_token)
    return (Date.parse(row?.access_expires_at ?? '') - Date.parse(row?.last_used_at ?? '')) / 1000 - ann.expires_in
  }
  t.equal(await margin(), 60)
  ann.refresh_token = (await refresh(ann.refresh_token)).json().refresh_token
  t.equal(await margin(), 60, 'after a refresh')
})

test('the access token of a step-up is revoked with its session, also when the one before it has expired', async (t) => {
  const ann = await register()
  const past = new Date(Date.now() - 1000).toISOString()
  await app.db.updateTable('sessions').set({ access_expires_at: past }).where('user_id', '=', ann.user.id).execute()
  const raised = (await caller(app, ann.access_token).post('/api/auth/step-up', { password })).json()
  const user = caller(app, raised.access_token)
  t.equal((await user.delete(`/api/auth/sessions/${sessionOf(ann.refresh_token)}`)).statusCode, 204)
  refused(t, await user.get('/api/auth/me'), 'token_revoked', 'the new one')
})

test('logging out revokes a token whose session has no row', async (t) => {
  const ann = await signUp()
  const exp = seconds() + 3600
  const old = caller(app, ourToken({ sub: ann.id, email: ann.email, exp }))
  t.equal((await old.get('/api/auth/me')).statusCode, 200)
  t.equal((await old.post('/api/auth/logout')).statusCode, 200)
  refused(t, await old.get('/api/auth/me'), 'token_revoked', 'the same token')
  const { rows } = await sql<{ until: number }>`
    select max(extract(epoch from expires_at))::float8 as until from revocations`.execute(app.db)
  t.ok((rows[0]?.until ?? 0) >= exp, 'also after a restart')
})

test('a user has at most a thousand sessions: another one ends the one unused for longest', async (t) => {
  const ann = await register()
  const second = await login(ann)
  await sql`
    insert into sessions (id, user_id, refresh_hash, expires_at, access_expires_at)
    select gen_random_uuid(), ${ann.user.id}, '', now() + interval '1 day', now() + interval '1 day'
    from generate_series(1, 998)`.execute(app.db)
  const back = (id: string) =>
    sql`
    update sessions set last_used_at = now() - interval '1 hour' where user_id = ${id} and created_at = (
      select min(created_at) from sessions where user_id = ${id})`.execute(app.db)
  await back(ann.user.id)
  const third = await login(ann)
  refused(t, await caller(app, ann.access_token).get('/api/auth/me'), 'token_revoked', 'the first')
  for (const { access_token } of [second, third])
    t.equal((await caller(app, access_token).get('/api/auth/me')).statusCode, 200)
  t.equal((await caller(app, third.access_token).get('/api/auth/sessions')).json().items.length, 1000)
})
