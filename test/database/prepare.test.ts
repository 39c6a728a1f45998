import { once } from 'node:events'
import { createServer, type Server } from 'node:net'
import { sql } from 'kysely'
import { type Test, test } from 'tap'
import { openDatabase } from '../../src/database/connection.ts'
import { prepareDatabase, waitForDatabase } from '../../src/database/prepare.ts'
import { setRoleLimits } from '../../src/database/role-limits.ts'
import { limits } from '../../src/database/session-settings.ts'
import type { Database } from '../../src/database/tables.ts'
import { openEmpty } from '../helpers/databases.ts'
import { captureLog } from '../helpers/log.ts'
import { unusedPort } from '../helpers/ports.ts'
import { listenableServer } from '../helpers/postgres.ts'
import { until } from '../helpers/wait.ts'

const { log, lines } = captureLog()

const open = async (t: Test) => (await openEmpty<Database>(t, log)).db

/** A database behind this port that does not exist yet. */
function behind(t: Test, port: number) {
  const databaseUrl = `postgres://ann:hush-hush@127.0.0.1:${port}/tasks`
  const db = openDatabase({ databaseUrl, directUrl: 'postgres://past-the-pooler/tasks', dataDir: '' }, log)
  t.teardown(() => db.destroy())
  return db
}

test('a database that is down is awaited, with one log line', async (t) => {
  const port = await unusedPort()
  const from = lines.length
  const waiting = waitForDatabase(behind(t, port), 30, log)
  await until('a line', () => lines.length > from)
  await listenableServer(t, port)
  await waiting
  t.match(lines.slice(from), [{ msg: 'waiting for the database', reason: /ECONNREFUSED/, seconds: 30 }])
  t.equal(lines.length, from + 1)
  t.notMatch(JSON.stringify(lines), 'hush-hush')
})

test('waiting ends after the configured time', async (t) => {
  const config = { databaseUrl: '', directUrl: 'postgres://ann@127.0.0.1:1/tasks', dataDir: '', databaseWait: 0.1 }
  await t.rejects(prepareDatabase(behind(t, 1), config, log), {
    message: /^The database does not answer: .*ECONNREFUSED/
  })
})

test('a permanent error is not awaited', async (t) => {
  const refusal = 'SFATAL\0C28P01\0Mpassword authentication failed\0\0'
  const length = Buffer.alloc(4)
  length.writeUInt32BE(refusal.length + 4)
  const server: Server = createServer((socket) => {
    socket.on('error', () => {})
    socket.once('data', () => socket.end(Buffer.concat([Buffer.from('E'), length, Buffer.from(refusal)])))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  const { port } = server.address() as { port: number }
  await t.rejects(waitForDatabase(behind(t, port), 30, log), { code: '28P01' })
})

test('behind a pooler the timeouts of the role are set once, over the direct connection', async (t) => {
  const db = await open(t)
  const direct = await open(t)
  const config = { databaseUrl: 'postgres://pooler/a', directUrl: 'postgres://direct/a', dataDir: '', databaseWait: 1 }
  const from = lines.length
  t.strictSame(await prepareDatabase(db, config, log, { open: () => direct }), [])
  t.match(lines.slice(from), [
    { msg: 'migrations and LISTEN bypass the pooler', direct: 'direct' },
    { msg: /set the timeouts of the role/ }
  ])
  await t.rejects(sql`select 1`.execute(direct), 'the connection for migrations is closed')
})

test('without a pooler the role is not changed', async (t) => {
  const db = await open(t)
  const from = lines.length
  const url = 'postgres://direct/a'
  const config = { databaseUrl: url, directUrl: url, dataDir: '', databaseWait: 1 }
  const direct = await open(t)
  t.strictSame(await prepareDatabase(db, config, log, { open: () => direct }), [])
  const embedded = { ...config, databaseUrl: undefined, directUrl: undefined }
  t.strictSame(await prepareDatabase(db, embedded, log), [], 'the embedded database has one connection')
  t.equal(lines.length, from)
})

test('if the role cannot be altered, the log contains the statements to run', async (t) => {
  const [db, direct] = [await open(t), await open(t)]
  await sql`select 1`.execute(direct)
  await direct.destroy()
  const from = lines.length
  await setRoleLimits(db, direct, log)
  t.match(lines.slice(from), [{ level: 40, msg: /could not set timeouts behind the pooler/ }])
})

test('the timeouts are set on a role whose name has quotes', async (t) => {
  const role = `ann's "own" ${process.pid}`
  const [db, direct] = [await open(t), await open(t)]
  // An embedded database has its own roles; those of a server are the server's.
  for (const each of [db, direct]) {
    const known = await sql`select from pg_roles where rolname = ${role}`.execute(each)
    if (known.rows.length === 0) await sql`create role ${sql.id(role)}`.execute(each)
  }
  t.teardown(async () => {
    for (const each of [db, direct]) await sql`drop role if exists ${sql.id(role)}`.execute(each)
  })
  const from = lines.length
  await db.connection().execute(async (connection) => {
    await sql`set role ${sql.id(role)}`.execute(connection)
    await setRoleLimits(connection, direct, log)
    await sql`reset role`.execute(connection)
  })
  t.match(lines.slice(from), [{ level: 30, role, msg: /set the timeouts of the role/ }])
  const { rows } = await sql<{ setting: string }>`
    select unnest(setconfig) as setting from pg_db_role_setting join pg_roles on pg_roles.oid = setrole
    where rolname = ${role}`.execute(direct)
  t.strictSame(
    rows.map(({ setting }) => setting).toSorted(),
    Object.entries(limits)
      .map(([name, value]) => `${name}=${value}`)
      .toSorted()
  )
})
