import { mock } from 'node:test'
import { sql } from 'kysely'
import t, { test } from 'tap'
import { createAuth } from '../../src/auth/auth.ts'
import { caller, startApp } from '../helpers/app.ts'
import { ourToken } from '../helpers/mint.ts'
import { countQueries } from '../helpers/queries.ts'
import { refreshing, sessionOf } from '../helpers/refreshing.ts'
import { until } from '../helpers/wait.ts'

mock.timers.enable({ apis: ['setInterval'] })
const { app, config } = await startApp(t)
const { register, rowOf } = refreshing(app)
t.teardown(() => mock.timers.reset())

const lastUse = async (token: string) => Date.parse((await rowOf(token))?.last_used_at ?? '')

/** A session last used an hour ago. */
async function idle() {
  const issued = await register()
  const before = sql<string>`last_used_at - interval '1 hour'`
  await app.db.updateTable('sessions').set({ last_used_at: before }).execute()
  return { issued, before: await lastUse(issued.refresh_token) }
}

test('last_used_at is written once a minute for all sessions, not on each request', async (t) => {
  const [ann, bob, eve] = [await idle(), await idle(), await idle()]
  const queriesOf = countQueries(t, app)
  const requests = async () => {
    for (const { issued } of [ann, bob, ann, bob])
      for (let i = 0; i < 5; i += 1) await caller(app, issued.access_token).get('/api/auth/me')
    await caller(app, ourToken()).get('/api/auth/me')
  }
  t.equal(await queriesOf(requests), 0)
  mock.timers.tick(60_000)
  await until('the last use', async () => (await lastUse(bob.issued.refresh_token)) > bob.before + 3_000_000)
  t.ok((await lastUse(ann.issued.refresh_token)) > ann.before + 3_000_000)
  const used = await lastUse(eve.issued.refresh_token)
  t.ok(used < Date.now() - 3_000_000, 'who was not here was not here')
  t.equal(await queriesOf(() => mock.timers.tick(60_000)), 0, 'nothing to write, nothing written')
})

const { sessions } = createAuth(config, app.db, { jwt: app.jwt, log: app.log, clock: Date.now })
t.teardown(sessions.stop)

test('times of use are written in the order of the sessions, so that two processes cannot wait for each other', async (t) => {
  const ids = Array.from({ length: 20 }, () => crypto.randomUUID())
  for (const id of ids) sessions.use(id)
  const executor = app.db.getExecutor()
  const asked = t.capture(executor, 'executeQuery', executor.executeQuery.bind(executor))
  await sessions.writeUse()
  const written = asked().flatMap(({ args: [{ sql, parameters }] }) =>
    sql.includes('update sessions set last_used_at') ? [parameters[0]] : []
  )
  t.strictSame(written, [ids.toSorted()])
})

test('closing writes the remaining times, and last_used_at never goes back', async (t) => {
  const { issued, before } = await idle()
  const id = sessionOf(issued.refresh_token)
  sessions.use(id)
  await sessions.stop()
  const used = await lastUse(issued.refresh_token)
  t.ok(used > before)
  const later = sql<string>`now() + interval '1 hour'`
  await app.db.updateTable('sessions').set({ last_used_at: later }).where('id', '=', id).execute()
  sessions.use(id)
  await sessions.writeUse()
  t.ok((await lastUse(issued.refresh_token)) > used + 3_000_000)
})

test('a failed write of last_used_at is ignored', async (t) => {
  const { issued, before } = await idle()
  await sql`alter table sessions rename to elsewhere`.execute(app.db)
  sessions.use(sessionOf(issued.refresh_token))
  await sessions.writeUse()
  await sql`alter table elsewhere rename to sessions`.execute(app.db)
  await sessions.writeUse()
  t.equal(await lastUse(issued.refresh_token), before)
})
