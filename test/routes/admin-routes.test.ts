import { sql } from 'kysely'
import t, { test } from 'tap'
import { denied, promoted } from '../helpers/admins.ts'
import { caller, startApp } from '../helpers/app.ts'
import { contractOf, operationsOf } from '../helpers/contract.ts'
import { claimsOf } from '../helpers/factors.ts'
import { bridgeToken, ourToken } from '../helpers/mint.ts'
import { countQueries } from '../helpers/queries.ts'
import { refused } from '../helpers/refused.ts'
import { routesOf } from '../helpers/routes.ts'

const clock = { now: Date.now() }
const { app, signUp } = await startApp(t, { clock: () => clock.now })
const ann = await promoted(app, await signUp())
const ben = await signUp()

const routes = routesOf(app).filter(({ path }) => path.startsWith('/api/admin'))
const changing = routes.filter(({ method }) => !['GET', 'HEAD'].includes(method))
const urlFor = (path: string) => path.replace(':id', ben.id)
const bodies: Record<string, object> = {
  role: { role: 'admin', reason: 'a test' },
  delete: { email: ben.email, reason: 'a test' }
}
const bodyOf = (path: string) => bodies[path.split('/').at(-1) as string] ?? { reason: 'a test' }

const send = (token: string, { method, path }: (typeof routes)[number]) =>
  app.inject({
    method,
    url: urlFor(path),
    headers: { authorization: `Bearer ${token}` },
    ...(changing.some((route) => route.path === path && route.method === method) && { payload: bodyOf(path) })
  })

test('every admin route refuses users, and users of other issuers, before it reads anything', async (t) => {
  const queriesOf = countQueries(t, app)
  t.ok(routes.length >= 11, `${routes.length} routes`)
  // By the clock of the service, which stands still.
  const fay = bridgeToken({ sub: 'fay', role: 'admin', iat: Math.floor(clock.now / 1000) })
  await caller(app, fay).get('/api/auth/me')
  const others = { 'a user': ben.token, 'another issuer’s user who says so': fay }
  const tryAll = async () => {
    for (const [who, token] of Object.entries(others))
      for (const route of routes)
        denied(
          t,
          await send(token, route),
          'forbidden',
          `${route.method} ${route.path}: ${who}`,
          route.method === 'HEAD'
        )
  }
  t.equal(await queriesOf(tryAll), 0)
  const { is_active } = await app.db
    .selectFrom('users')
    .select('is_active')
    .where('id', '=', ben.id)
    .executeTakeFirstOrThrow()
  t.ok(is_active)
})

test('a token whose role claim is malformed answers 401 on every admin route', async (t) => {
  for (const role of ['Admin', ['admin'], true])
    for (const route of routes)
      refused(
        t,
        await send(ourToken({ role }), route),
        'invalid_token',
        `${route.path}: ${role}`,
        route.method === 'HEAD'
      )
})

test('a session that has ended opens no admin route, although its access token and its row are still there', async (t) => {
  const eve = await promoted(app, await signUp())
  t.equal((await eve.get('/api/admin/users')).statusCode, 200)
  const ended = sql<string>`now() - interval '1 second'`
  await app.db.updateTable('sessions').set({ expires_at: ended }).where('user_id', '=', eve.id).execute()
  for (const route of routes) denied(t, await send(eve.token, route), 'forbidden', route.path, route.method === 'HEAD')
})

test('a token forged with the shared secret opens no admin route', async (t) => {
  const now = Math.floor(clock.now / 1000)
  const forged = { role: 'admin', auth_time: now, amr: ['pwd'], iat: now, exp: now + 600 }
  for (const claims of [{ ...forged, sub: ann.id }, forged, { ...forged, sub: ben.id, sid: claimsOf(ann.token).sid }])
    for (const route of routes)
      denied(t, await send(ourToken(claims), route), 'forbidden', route.path, route.method === 'HEAD')
  const foreseen = { ...forged, sub: ben.id, sid: claimsOf(ben.token).sid }
  for (const route of routes)
    denied(t, await send(ourToken(foreseen), route), 'forbidden', 'a session of a user', route.method === 'HEAD')
})

test('every admin route refuses a personal access token, also one of an admin with all scopes', async (t) => {
  const scopes = ['tasks:read', 'tasks:write', 'revocations:read']
  const made = await ann.post('/api/auth/tokens', { name: 'Script', scopes, expires_in_days: 30 })
  t.equal(made.statusCode, 201)
  for (const route of routes)
    refused(t, await send(made.json().token, route), 'invalid_token', route.path, route.method === 'HEAD')
})

test('every admin route that changes something refuses an admin who proved more than ten minutes ago who they are', async (t) => {
  t.ok(changing.length >= 7)
  clock.now += 10 * 60_000 + 1_000
  for (const route of changing)
    denied(t, await send(ann.token, route), 'step_up_required', `${route.method} ${route.path}`)
  for (const route of routes.filter((route) => !changing.includes(route)))
    t.equal((await send(ann.token, route)).statusCode, 200, `${route.method} ${route.path} only reads`)
})

test('in the contract every admin route has the tag admin, a 403, and step-up unless it is a GET', (t) => {
  for (const { name, operation } of operationsOf(contractOf(app)).filter(({ name }) => name.includes(' /api/admin'))) {
    t.strictSame(operation.tags, ['admin'], name)
    t.ok(operation.responses[403], name)
    t.equal('x-step-up' in operation, !name.startsWith('GET '), name)
  }
  t.end()
})

test('an admin who is demoted, disabled or deleted stops being one at once', async (t) => {
  const ends = {
    demoted: (id: string) => app.db.updateTable('users').set({ role: 'user' }).where('id', '=', id).execute(),
    disabled: (id: string) => app.db.updateTable('users').set({ is_active: false }).where('id', '=', id).execute(),
    deleted: (id: string) => app.db.deleteFrom('users').where('id', '=', id).execute()
  }
  for (const [how, end] of Object.entries(ends)) {
    const cleo = await promoted(app, await signUp())
    t.equal((await cleo.get('/api/admin/users')).statusCode, 200)
    await end(cleo.id)
    await app.revocations.catchUp()
    for (const route of routes) refused(t, await send(cleo.token, route), 'token_revoked', how, route.method === 'HEAD')
  }
})

test('an unknown id answers 404', async (t) => {
  const dora = await promoted(app, await signUp())
  for (const { method, path } of routes.filter(({ path, method }) => path.includes(':id') && method !== 'HEAD')) {
    const url = path.replace(':id', crypto.randomUUID())
    const answer = await dora[method.toLowerCase() as 'get'](url, method === 'GET' ? undefined : bodyOf(path))
    denied(t, answer, 'not_found', `${method} ${path}`)
  }
})
