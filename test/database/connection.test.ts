import { sql } from 'kysely'
import t, { test } from 'tap'
import { openDatabase } from '../../src/database/connection.ts'
import { prepareDatabase } from '../../src/database/prepare.ts'
import { prepared } from '../../src/database/prepared.ts'
import { startApp } from '../helpers/app.ts'
import { onServer, pooler, server } from '../helpers/template.ts'
import { until } from '../helpers/wait.ts'

const skip = server ? false : 'needs TEST_DATABASE_URL: the embedded database has no backends and time limits'
const { app, config, signUp, lines } = await startApp(t)

const ours = `datname = '${new URL(config.databaseUrl ?? 'postgres://').pathname.slice(1)}'`

/** Terminates every backend of this app's database, like a restart of the server. Returns their number. */
async function killBackends() {
  return (await onServer(`select pg_terminate_backend(pid) from pg_stat_activity where ${ours}`)).rowCount
}

test('backends that die while idle are replaced', { skip }, async (t) => {
  const ann = await signUp()
  await Promise.all(Array.from({ length: 5 }, () => ann.get('/api/tasks')))
  t.ok(await killBackends())
  // Each loss may be noticed by a request or before the next one; both are fine.
  const answer = await until('an answer', async () => {
    const answer = await ann.post('/api/tasks', { title: 'after' })
    return answer.statusCode !== 503 && answer
  })
  t.equal(answer.statusCode, 201)
})

test('a backend that dies during a query fails only that request, with 503', { skip }, async (t) => {
  const ann = await signUp()
  await app.db.transaction().execute(async (trx) => {
    await sql`lock table tasks in access exclusive mode`.execute(trx)
    const waiting = ann.get('/api/tasks')
    const blocked = `from pg_stat_activity where wait_event_type = 'Lock' and query like 'select%"tasks"%' and ${ours}`
    await until('a query that is blocked', async () => (await onServer(`select 1 ${blocked}`)).rowCount)
    await onServer(`select pg_terminate_backend(pid) ${blocked}`)
    const answer = await waiting
    t.match(answer.json(), { status: 503, code: 'unavailable' })
    t.match(answer.headers['retry-after'], /^\d+$/)
  })
  t.equal((await ann.get('/api/tasks')).statusCode, 200)
})

test('the process survives a backend that dies between two statements of a transaction', { skip }, async (t) => {
  const before = lines.length
  await t.rejects(
    app.db.transaction().execute(async (trx) => {
      await sql`select 1`.execute(trx)
      await killBackends()
      await sql`select 1`.execute(trx)
    })
  )
  await until('the database', async () => (await app.inject('/health')).statusCode === 200)
  // The connection for LISTEN is lost as well, earlier or later.
  await until('the log', () => lines.slice(before).some(({ msg }) => msg === 'lost a database connection'))
})

test('every wait has a time limit', { skip }, async (t) => {
  if (pooler) {
    await prepareDatabase(app.db, config, app.log)
    await killBackends()
    await until('the database', async () => (await app.inject('/health')).statusCode === 200)
  }
  const settings = sql<{ name: string; setting: string }>`
    select name, setting from pg_settings where name in
    ('statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout', 'TimeZone') order by name`
  // A connection whose backend has been terminated fails once.
  const { rows } = await until('a connection', () => settings.execute(app.db).catch(() => undefined))
  t.strictSame(Object.fromEntries(rows.map(({ name, setting }) => [name, setting])), {
    TimeZone: 'UTC',
    idle_in_transaction_session_timeout: '10000',
    lock_timeout: '1500',
    statement_timeout: '5000'
  })
})

test('a closed database runs no queries, even if all earlier ones bypassed Kysely', { skip }, async (t) => {
  const db = openDatabase(config, app.log)
  const ask = prepared<object, { one: number }>(db, () => db.selectNoFrom(sql<number>`1`.as('one')))
  t.strictSame(await ask({}), [{ one: 1 }])
  await db.destroy()
  await db.destroy()
  await t.rejects(ask({}), /after calling end/)
  await t.rejects(sql`select 1`.execute(db), /after calling end/)
})
