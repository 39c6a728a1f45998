import t, { type Test, test } from 'tap'
import { caller, startApp } from '../helpers/app.ts'
import { bridgeToken, seconds } from '../helpers/mint.ts'
import { listen } from '../helpers/raw.ts'
import { type Issued, refreshing, sessionOf } from '../helpers/refreshing.ts'
import { refused } from '../helpers/refused.ts'

const { app, signUp } = await startApp(t)
const { refresh, register, login, age, eventsOf } = refreshing(app)
const as = ({ access_token }: Issued) => caller(app, access_token)
const idOf = ({ refresh_token }: Issued) => sessionOf(refresh_token)
const url = '/api/auth/sessions'
const list = async (who: Issued) => (await as(who).get(url)).json().items as Record<string, unknown>[]

/** Checks that every token of these sessions is refused at once. */
async function areOver(t: Test, ...sessions: Issued[]) {
  for (const session of sessions) {
    for (const path of ['/api/auth/me', '/api/tasks', url])
      refused(t, await as(session).get(path), 'token_revoked', path)
    refused(t, await refresh(session.refresh_token), 'invalid_token', 'refresh')
  }
}

async function areAlive(t: Test, ...sessions: Issued[]) {
  for (const session of sessions) {
    t.equal((await as(session).get('/api/auth/me')).statusCode, 200)
    t.equal((await refresh(session.refresh_token)).statusCode, 200)
  }
}

test('users see their own sessions only', async (t) => {
  const phone = { headers: { 'user-agent': 'Phone/1 (ünïcode)' }, remoteAddress: '2001:db8::7' }
  const first = await register(phone)
  const second = await login(first, { headers: { 'user-agent': 'x'.repeat(600) }, remoteAddress: '192.0.2.7' })
  await signUp()
  const items = await list(second)
  t.equal(items.length, 2)
  const sessions = Object.fromEntries(items.map((item) => [item.id, item]))
  t.match(sessions[idOf(first)], { user_agent: 'Phone/1 (ünïcode)', ip: '2001:db8::7', current: false })
  t.match(sessions[idOf(second)], { ip: '192.0.2.7', current: true })
  t.equal(sessions[idOf(second)]?.user_agent, 'x'.repeat(512), 'as much as is stored')
  t.match(await list(first), [{ current: false }, { id: idOf(first), current: true }])
  const keys = ['amr', 'auth_time', 'created_at', 'current', 'expires_at', 'id', 'ip', 'last_used_at', 'user_agent']
  for (const item of items) t.strictSame(Object.keys(item).sort(), keys)

  await refresh(first.refresh_token)
  t.equal((await list(second))[0]?.id, idOf(first), 'the last used comes first')
  await age(first.refresh_token, ['expires_at'], 30 * 24 * 3600)
  t.match(await list(second), [{ id: idOf(second) }], 'what has ended is not shown')
})

test('a session says how and when its user proved who they are', async (t) => {
  const ann = await register()
  const second = await login(ann)
  for (const { amr, auth_time, created_at } of await list(second)) {
    t.strictSame(amr, ['pwd'])
    t.ok(Math.abs(Date.parse(String(auth_time)) - Date.parse(String(created_at))) < 60_000, String(auth_time))
  }
  await app.db.updateTable('sessions').set({ amr: null, auth_time: null }).where('id', '=', idOf(ann)).execute()
  const older = (await list(second)).find(({ id }) => id === idOf(ann))
  t.match(older, { amr: null, auth_time: null }, 'unknown for sessions of an earlier release')
})

test('a session without a user agent is shown without one', async (t) => {
  const ann = await register()
  const { send } = await listen(app)
  const body = JSON.stringify({ email: ann.user.email, password: 'correct-horse-7' })
  const head = `Host: localhost\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\nConnection: close`
  await send(`POST /api/auth/login HTTP/1.1\r\n${head}\r\n\r\n${body}`)
  t.match(await list(ann), [{ user_agent: null, ip: '127.0.0.1' }, { id: idOf(ann) }])
})

test('only its owner can end a session', async (t) => {
  const [ann, bob] = [await register(), await register()]
  const [second, third] = [await login(ann), await login(ann)]
  const problem = { status: 404, code: 'not_found', detail: 'Session not found' }
  for (const id of [idOf(bob), crypto.randomUUID(), '00000000-0000-0000-0000-000000000000'])
    t.match((await as(ann).delete(`${url}/${id}`)).json(), problem, id)
  for (const id of ['x', '0', idOf(second).slice(1), `${idOf(second)}0`, '%00', "'", 'current'])
    t.equal((await as(ann).delete(`${url}/${id}`)).statusCode, 400, id)
  await areAlive(t, bob)

  const answer = await as(ann).delete(`${url}/${idOf(second)}`)
  t.strictSame([answer.statusCode, answer.body], [204, ''])
  await areOver(t, second)
  await areAlive(t, ann, third)
  t.match((await as(ann).delete(`${url}/${idOf(second)}`)).json(), problem, 'once')
  t.strictSame(await eventsOf(second.refresh_token), ['session.ended'])
  t.equal((await as(third).delete(`${url}/${idOf(third).toUpperCase()}`)).statusCode, 204, 'its own too')
  await areOver(t, third)
})

test('all other sessions end at once', async (t) => {
  const [ann, bob] = [await register(), await register()]
  const others = [await login(ann), await login(ann), await login(ann)]
  const { refresh_token } = (await refresh(others[0]?.refresh_token ?? '')).json()
  t.equal((await as(ann).delete(url)).statusCode, 204)
  await areOver(t, ...others)
  refused(t, await refresh(refresh_token), 'invalid_token', 'and what they had refreshed')
  await areAlive(t, ann, bob)
  t.match(await list(ann), [{ id: idOf(ann), current: true }])
  t.equal((await as(ann).delete(url)).statusCode, 204, 'also where there are none')
})

test('logout ends the session with all its tokens, and no other session', async (t) => {
  const ann = await register()
  const other = await login(ann)
  const renewed: Issued = (await refresh(ann.refresh_token)).json()
  t.strictSame((await as(ann).post('/api/auth/logout')).json(), { message: 'Logged out' })
  await areOver(t, ann, renewed)
  await areAlive(t, other)
  refused(t, await as(ann).post('/api/auth/logout'), 'token_revoked', 'once')
  t.strictSame(await eventsOf(ann.refresh_token), ['logout'])
})

const foreign = (sub: string, iat: number) => caller(app, bridgeToken({ sub, email: 'ann@example.com', iat }))

test("a foreign user's logout revokes the tokens issued so far", async (t) => {
  const now = seconds()
  const [older, current, newer, bob] = [
    foreign('ann', now - 300),
    foreign('ann', now - 60),
    foreign('ann', now + 55),
    foreign('bob', now - 300)
  ]
  for (const user of [older, current, newer, bob]) t.equal((await user.get('/api/auth/me')).statusCode, 200)
  t.strictSame((await current.get(url)).json(), { items: [] }, 'whose sessions are elsewhere')
  t.equal((await current.post('/api/auth/logout')).statusCode, 200)
  for (const user of [older, current]) refused(t, await user.get('/api/auth/me'), 'token_revoked', 'up to now')
  for (const user of [newer, bob]) t.equal((await user.get('/api/auth/me')).statusCode, 200)
})

test('a foreign user who ends all other sessions revokes the tokens issued before this one', async (t) => {
  const now = seconds()
  const at = (ago: number) => foreign('eve', now - ago)
  t.equal((await at(60).delete(url)).statusCode, 204)
  for (const ago of [61, 300]) refused(t, await at(ago).get('/api/auth/me'), 'token_revoked', `${ago} seconds old`)
  for (const ago of [60, 59, 0]) t.equal((await at(ago).get('/api/auth/me')).statusCode, 200, `${ago} seconds old`)
})
