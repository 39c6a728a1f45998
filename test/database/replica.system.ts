import { sql } from 'kysely'
import { type Test, test } from 'tap'
import { openDatabase } from '../../src/database/connection.ts'
import { hasReached } from '../../src/database/freshness.ts'
import { migrate } from '../../src/database/migrate.ts'
import { poolsOf } from '../../src/database/pools.ts'
import { createReads } from '../../src/database/replica.ts'
import { caller, startApp } from '../helpers/app.ts'
import { startPostgres, startReplica, withoutPostgres } from '../helpers/servers.ts'
import { onServer, server } from '../helpers/template.ts'
import { patience, until } from '../helpers/wait.ts'

/** Two databases as primary and replica, with the queries that each received. */
async function start(t: Test) {
  const [{ app: first }, { app: second }] = [await startApp(t), await startApp(t)]
  const state = { fresh: true, setAside: 0 }
  const setAside = () => {
    state.setAside += 1
  }
  const freshness = { isFresh: async () => state.fresh, setAside }
  const reads = createReads({ primary: first.db, replica: second.db }, freshness, async () => {})
  for (const [app, name] of [
    [first, 'primary'],
    [second, 'replica']
  ] as const)
    await sql`alter table tasks add column ${sql.ref(name)} int`.execute(app.db)
  return { reads, state, primary: first.db, replica: second.db }
}

test('only a SELECT goes to the replica, and only while it is fresh', async (t) => {
  const { reads, state } = await start(t)
  const select = (column: string) => reads.selectFrom('tasks').select(sql.ref(column).as('x')).execute()
  t.strictSame(await select('replica'), [])
  await t.rejects(select('primary'), { code: '42703' }, 'its faults are told')
  state.fresh = false
  t.strictSame(await select('primary'), [])
  state.fresh = true
  t.match(await sql`select "primary" from tasks`.execute(reads), { rows: [] }, 'what is not known to be a SELECT')
  t.equal(state.setAside, 0)
})

test('the primary answers when the replica cannot', async (t) => {
  const { reads, state, replica } = await start(t)
  await sql`create function broken() returns int language plpgsql as
    $$ begin raise exception 'conflict with recovery' using errcode = '40001'; end $$`.execute(replica)
  await sql`create view broken as select broken() as id`.execute(replica)
  await sql`alter table tasks rename to away`.execute(replica)
  await sql`alter view broken rename to tasks`.execute(replica)
  t.strictSame(await reads.selectFrom('tasks').select('id').execute(), [])
  t.equal(state.setAside, 1)
})

test('a replica refuses transactions and streams', async (t) => {
  const { reads } = await start(t)
  await t.rejects(
    reads.transaction().execute(async () => {}),
    { message: /must use the primary/ }
  )
  const stream = reads.selectFrom('tasks').selectAll().stream()
  await t.rejects(stream.next(), { message: /not streamed/ })
  t.match(await reads.introspection.getTables(), [{ name: String }])
  await reads.destroy()
})

test('a replica that is down costs one attempt', async (t) => {
  const { settings } = server ? { settings: {} } : { settings: { DATABASE_URL: 'postgres://ann@localhost:1/tasks' } }
  const { app, config, anyone } = await startApp(t, {
    settings: { ...settings, DATABASE_REPLICA_URL: 'postgres://ann@localhost:2/tasks' }
  })
  t.not(app.reads, app.db)
  t.match(poolsOf(app.db), { primary: { total: Number }, replica: { total: Number } })
  const read = app.reads.selectFrom('tasks').select('id').execute()
  if (config.databaseUrl && server) t.strictSame(await read, [])
  else await t.rejects(read, /ECONNREFUSED|AggregateError/)
  t.equal((await anyone.get('/health/live')).statusCode, 200)
})

const skip = withoutPostgres

test('users read their own writes, by any process, with a real replica', { skip }, async (t) => {
  const primary = await startPostgres()
  t.teardown(primary.remove)
  const replica = await startReplica(primary)
  t.teardown(replica.remove)
  const settings = { DATABASE_URL: primary.url, DATABASE_DIRECT_URL: '', DATABASE_REPLICA_URL: replica.url }
  const [a, b] = [await startApp(t, { settings }), await startApp(t, { settings })]
  await migrate(a.app.db, a.app.log)
  for (const { app } of [a, b]) await app.revocations.catchUp()
  const ann = await a.signUp()
  const there = caller(b.app, ann.token)

  async function writeHereReadThere(times: number) {
    for (let i = 0; i < times; i += 1) {
      const task = (await ann.post('/api/tasks', { title: `task ${i}` })).json()
      t.strictSame((await there.get(`/api/tasks/${task.id}`)).json(), task)
      t.strictSame((await there.get('/api/tasks?limit=1')).json().items, [task])
      t.match((await ann.get('/api/tasks?limit=1')).json().items, [{ id: task.id }])
    }
  }
  const readsOf = (server: typeof replica) => server.statements(/select .* from "tasks"/)
  // One that is behind, because the machine is busy, is not read for a while.
  const atReplica = await until('reads at the replica', async () => {
    await writeHereReadThere(5)
    return readsOf(replica)
  })

  const limit = sql<string>`current_setting('statement_timeout')`
  await until(
    'an answer of the replica, which has less time than the primary, so that the primary can still answer',
    async () => (await b.app.reads.selectNoFrom(limit.as('limit')).executeTakeFirst())?.limit === '2s'
  )

  await onServer('select pg_wal_replay_pause()', replica.url)
  await writeHereReadThere(10)
  t.equal(readsOf(replica), atReplica)
  await onServer('select pg_wal_replay_resume()', replica.url)
  await writeHereReadThere(5)
  replica.stop()
  await writeHereReadThere(10)
  replica.start()
  await writeHereReadThere(5)
  t.equal((await there.get('/api/auth/profile')).statusCode, 200)
  t.equal((await there.get('/api/auth/sessions')).json().items.length, 1)

  await onServer('select pg_promote()', replica.url)
  const { rows } = await onServer('select timeline_id as timeline from pg_control_checkpoint()', replica.url)
  const promoted = openDatabase({ databaseUrl: replica.url, dataDir: '', queueWait: patience }, a.app.log)
  t.teardown(() => promoted.destroy())
  t.equal(await hasReached(promoted, { lsn: '0/1', timeline: rows[0].timeline }), false, 'a replica that was promoted')
})
