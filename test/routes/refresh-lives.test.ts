import t, { test } from 'tap'
import { caller, startApp } from '../helpers/app.ts'
import { type Issued, refreshing } from '../helpers/refreshing.ts'
import { refused } from '../helpers/refused.ts'

const { app } = await startApp(t)
const { refresh, register, age, rowOf, eventsOf } = refreshing(app)
const day = 24 * 3600
/** As many seconds, but for those that the test itself takes. */
const about = (actual: number, expected: number) => actual <= expected && actual > expected - 60

const exp = ({ access_token }: Issued): number =>
  JSON.parse(Buffer.from(access_token.split('.')[1] ?? '', 'base64url').toString()).exp

test('a session that is used goes on for thirty days each time', async (t) => {
  const first = await register()
  await age(first.refresh_token, ['expires_at'], 20 * day)
  const answer: Issued = (await refresh(first.refresh_token)).json()
  t.ok(about(answer.refresh_expires_in, 30 * day))
  await age(answer.refresh_token, ['expires_at', 'rotated_at'], 29.9 * day)
  t.equal((await refresh(answer.refresh_token)).statusCode, 200)
})

const ages: [number, { refresh: number; access: number }][] = [
  [59, { refresh: 30, access: 7 }],
  [75, { refresh: 15, access: 7 }],
  [88, { refresh: 2, access: 2 }],
  [89.99, { refresh: 0.01, access: 0.01 }]
]
for (const [days, left] of ages)
  test(`after ${days} days no token outlives the ninetieth`, async (t) => {
    const first = await register()
    await age(first.refresh_token, ['created_at'], days * day)
    const answer: Issued = (await refresh(first.refresh_token)).json()
    t.ok(about(answer.refresh_expires_in, left.refresh * day), `refresh: ${answer.refresh_expires_in}`)
    t.ok(about(answer.expires_in, left.access * day), `access: ${answer.expires_in}`)
    const row = await rowOf(answer.refresh_token)
    t.ok(exp(answer) <= Date.parse(row?.expires_at ?? '') / 1000)
    t.ok(Date.parse(row?.access_expires_at ?? '') / 1000 > exp(answer), 'a revocation would outlive it')
    const again: Issued = (await refresh(first.refresh_token)).json()
    t.ok(again.refresh_expires_in <= answer.refresh_expires_in, 'nor the one just replaced')
  })

const ends: Record<string, (token: string, user: string) => Promise<unknown>> = {
  'thirty days without use': (token) => age(token, ['expires_at'], 30 * day),
  'ninety days, however often it was used': (token) => age(token, ['created_at'], 90 * day),
  'an operator’s hand': (_token, user) => app.db.deleteFrom('sessions').where('user_id', '=', user).execute(),
  deactivation: (_token, user) =>
    app.db.updateTable('users').set({ is_active: false }).where('id', '=', user).execute(),
  deletion: (_token, user) => app.db.deleteFrom('users').where('id', '=', user).execute(),
  logout: (token) => refresh(token).then((answer) => caller(app, answer.json().access_token).post('/api/auth/logout'))
}
for (const [what, end] of Object.entries(ends))
  test(`a session that ended by ${what} gives no tokens, and its end is no theft`, async (t) => {
    const first = await register()
    const second: Issued = (await refresh(first.refresh_token)).json()
    await end(second.refresh_token, first.user.id)
    for (const { refresh_token } of [second, first])
      refused(t, await refresh(refresh_token), 'invalid_token', 'its token')
    t.notOk((await eventsOf(first.refresh_token)).includes('refresh.reused'))
  })

test('who is active again logs in again', async (t) => {
  const ann = await register()
  for (const is_active of [false, true])
    await app.db.updateTable('users').set({ is_active }).where('id', '=', ann.user.id).execute()
  refused(t, await refresh(ann.refresh_token), 'invalid_token', 'the old session')
  await app.revocations.catchUp()
  refused(t, await caller(app, ann.access_token).get('/api/auth/me'), 'token_revoked', 'and its access token')
})

test('the lives are settings, and a shorter one counts for sessions that have begun', async (t) => {
  const settings = { ACCESS_TOKEN_TTL: '1h', REFRESH_TOKEN_TTL: '2h', SESSION_TTL: '3h' }
  const { app } = await startApp(t, { settings })
  const { refresh, register, age } = refreshing(app)
  const first = await register()
  t.match(first, { expires_in: 3600, refresh_expires_in: 7200 })
  await age(first.refresh_token, ['created_at'], 2.5 * 3600)
  const second: Issued = (await refresh(first.refresh_token)).json()
  t.ok(about(second.refresh_expires_in, 1800) && about(second.expires_in, 1800))
  await age(second.refresh_token, ['created_at'], 3600)
  await age(second.refresh_token, ['expires_at'], -day)
  refused(t, await refresh(second.refresh_token), 'invalid_token', 'begun under a longer one')
})
