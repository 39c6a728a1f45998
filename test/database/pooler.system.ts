import { type Kysely, sql } from 'kysely'
import { type Test, test } from 'tap'
import { openDatabase } from '../../src/database/connection.ts'
import { prepareDatabase } from '../../src/database/prepare.ts'
import type { Database } from '../../src/database/tables.ts'
import { caller, startApp } from '../helpers/app.ts'
import { captureLog } from '../helpers/log.ts'
import { startPgBouncer, withoutPgBouncer } from '../helpers/pgbouncer.ts'
import { onServer, server, urlOf } from '../helpers/template.ts'
import { until } from '../helpers/wait.ts'

const skip = server ? withoutPgBouncer : 'needs TEST_DATABASE_URL: nobody pools the embedded database'

/** An empty database of an ordinary role, behind PgBouncer in transaction mode. */
async function pooled(t: Test) {
  const name = `gatehouse_pooled_${crypto.randomUUID().slice(0, 8)}`
  await onServer(`create role ${name} login createdb`)
  await onServer(`create database ${name} owner ${name}`)
  t.teardown(async () => {
    await onServer(`drop database ${name} with (force)`)
    await onServer(`drop role ${name}`)
  })
  const directUrl = Object.assign(new URL(urlOf(name)), { username: name }).href
  const pooler = await startPgBouncer(directUrl)
  t.teardown(pooler.stop)
  return { name, config: { databaseUrl: pooler.url(name), directUrl, dataDir: '', databaseWait: 10 } }
}

const limitsOf = (db: Kysely<Database>) =>
  sql<{ name: string; setting: string }>`
    select name, setting from pg_settings where name in
    ('statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout', 'TimeZone')`
    .execute(db)
    .then(({ rows }) => Object.fromEntries(rows.map(({ name, setting }) => [name, setting])))

const limits = {
  idle_in_transaction_session_timeout: '10000',
  lock_timeout: '1500',
  statement_timeout: '5000'
}

test('behind a pooler migrations bypass it, and every connection has timeouts', { skip }, async (t) => {
  const { name, config } = await pooled(t)
  const { log, lines } = captureLog()
  const db = openDatabase(config, log)
  t.teardown(() => db.destroy())
  t.match(await prepareDatabase(db, config, log), ['0001_users'])
  await onServer(`select pg_terminate_backend(pid) from pg_stat_activity where usename = '${name}'`) // as RECONNECT does
  const all = await Promise.allSettled(Array.from({ length: 20 }, () => limitsOf(db)))
  const answered = all.filter(({ status }) => status === 'fulfilled')
  t.ok(answered.length > 0)
  for (const answer of answered)
    t.strictSame((answer as PromiseFulfilledResult<object>).value, { TimeZone: 'UTC', ...limits })
  t.match(
    lines.map(({ msg }) => msg),
    ['migrations and LISTEN bypass the pooler', /set the timeouts of the role/]
  )
})

test('role settings of an operator stay, and a second start changes nothing', { skip }, async (t) => {
  const { name, config } = await pooled(t)
  await onServer(`alter role ${name} in database ${name} set statement_timeout = '3s'`)
  const { log, lines } = captureLog()
  const db = openDatabase(config, log)
  t.teardown(() => db.destroy())
  await Promise.all([prepareDatabase(db, config, log), prepareDatabase(db, config, log)])
  t.equal(lines.filter(({ msg }) => /set the timeouts of the role/.test(String(msg))).length, 1)
  const direct = openDatabase({ databaseUrl: config.directUrl, directUrl: '', dataDir: '' }, log)
  t.teardown(() => direct.destroy())
  t.strictSame(await limitsOf(direct), { TimeZone: 'UTC', ...limits, statement_timeout: '3000' })
})

test('if the role cannot be altered, the log contains the statements to run', { skip }, async (t) => {
  const { name, config } = await pooled(t)
  const owner = await pooled(t)
  await onServer(`grant all on database ${name} to ${owner.name}; grant all on schema public to public`, urlOf(name))
  const directUrl = Object.assign(new URL(config.directUrl), { username: owner.name }).href
  const { log, lines } = captureLog()
  const db = openDatabase(config, log)
  t.teardown(() => db.destroy())
  await prepareDatabase(db, { ...config, directUrl }, log)
  const said = lines.find(({ msg }) => /could not set timeouts behind the pooler/.test(String(msg)))
  t.match(said, { statements: [`alter role "${name}" in database "${name}" set statement_timeout = '5000'`] })
  await onServer(`drop owned by ${owner.name}`, urlOf(name))
})

test('a logout through the pooler reaches another process', { skip }, async (t) => {
  const { app, config, signUp } = await startApp(t)
  const pooler = await startPgBouncer(server ?? '')
  t.teardown(pooler.stop)
  const database = new URL(config.databaseUrl ?? '').pathname.slice(1)
  const settings = { DATABASE_URL: pooler.url(database), DATABASE_DIRECT_URL: config.directUrl ?? '' }
  const other = await startApp(t, { settings })
  const ann = await signUp()
  const there = caller(other.app, ann.token)
  t.equal((await there.get('/api/auth/me')).statusCode, 200)
  t.equal((await there.post('/api/tasks', { title: 'by way of the pooler' })).statusCode, 201)
  t.equal((await there.post('/api/auth/logout')).statusCode, 200)
  await until(
    'the logout to be known',
    async () => (await caller(app, ann.token).get('/api/auth/me')).statusCode !== 200
  )
  t.match((await caller(app, ann.token).get('/api/auth/me')).json(), { code: 'token_revoked' })
})
