import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { mock } from 'node:test'
import { sql } from 'kysely'
import { type Test, test } from 'tap'
import { openDatabase } from '../../src/database/connection.ts'
import { isUnavailable } from '../../src/database/failures.ts'
import { poolsOf } from '../../src/database/pools.ts'
import { createLog } from '../../src/logging/log.ts'
import { until } from '../helpers/wait.ts'

const int16 = (value: number) => Buffer.from([value >> 8, value & 255])
const int32 = (value: number) => Buffer.from([value >>> 24, value >>> 16, value >>> 8, value].map((byte) => byte & 255))
const message = (type: string, ...parts: Buffer[]) => {
  const body = Buffer.concat(parts)
  return Buffer.concat([Buffer.from(type), int32(body.length + 4), body])
}
const column = (name: string, oid: number) =>
  Buffer.concat([Buffer.from(`${name}\0`), int32(0), int16(0), int32(oid), int16(-1), int32(-1), int16(0)])
const value = (text: string) => Buffer.concat([int32(text.length), Buffer.from(text)])

const ready = message('Z', Buffer.from('I'))
const row = Buffer.concat([
  message('T', int16(2), column('at', 1184), column('many', 23)),
  message('D', int16(2), value('2026-11-20 20:08:04.1+00'), value('7')),
  message('C', Buffer.from('SELECT 1\0')),
  ready
])

/** The sockets that this process opens from now on, in order. */
function watchSockets(t: Test): Socket[] {
  const opened: Socket[] = []
  const watch = (message: unknown) => void opened.push((message as { socket: Socket }).socket)
  subscribe('net.client.socket', watch)
  t.teardown(() => unsubscribe('net.client.socket', watch))
  return opened
}

/**
 * A minimal PostgreSQL server: it accepts every login and answers every query with the same row, except on connections
 * that are `mute`.
 */
async function open(t: Test) {
  const sockets: Socket[] = []
  const mute = new Set<Socket | undefined>()
  let ignored = 0
  const server = createServer((socket) => {
    sockets.push(socket)
    socket.once('data', () => {
      socket.write(Buffer.concat([message('R', int32(0)), ready]))
      socket.on('data', (query) => {
        if (query.toString('latin1', 0, 1) !== 'Q') return
        if (mute.has(socket)) ignored += 1
        else socket.write(row)
      })
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { promise: lost, resolve: lose } = Promise.withResolvers<Error>()
  const databaseUrl = `postgres://ann@127.0.0.1:${(server.address() as AddressInfo).port}/tasks`
  const warn = (details: object) => lose((details as { err: Error }).err)
  const clients = watchSockets(t)
  const db = openDatabase({ databaseUrl, dataDir: '' }, { info: () => {}, warn })
  t.teardown(async () => {
    await db.destroy()
    server.close()
  })
  const ask = async () => (await sql`select`.execute(db)).rows
  /** Lets the time limit of a connection pass once the server has ignored so many queries. */
  async function passLimit(client: number, queries: number): Promise<void> {
    await until('an ignored query', () => ignored === queries)
    clients[client]?.emit('timeout')
  }
  return { db, sockets, clients, mute, lost, ask, passLimit }
}

const rows = [{ at: '2026-11-20T20:08:04.100Z', many: 7 }]

test('an idle connection that the server closes costs a log line and a new connection', async (t) => {
  const { sockets, lost, ask } = await open(t)
  t.strictSame(await ask(), rows)
  sockets[0]?.destroy()
  t.match((await lost).message, /terminated/)
  t.strictSame(await ask(), rows)
  t.equal(sockets.length, 2)
})

test('a silent connection fails one request, and the next request gets another connection', async (t) => {
  const { sockets, clients, mute, ask, db, passLimit } = await open(t)
  t.strictSame(await ask(), rows)
  t.equal(clients[0]?.timeout, 7_000)
  mute.add(sockets[0])
  const refused = t.rejects(ask(), { message: 'No answer from the database' })
  await passLimit(0, 1)
  await refused
  t.strictSame(await ask(), rows)
  t.equal(sockets.length, 2)

  const transaction = db.transaction().execute(async (trx) => {
    mute.add(sockets[1])
    await sql`select`.execute(trx)
  })
  const failed = transaction.catch((error) => error)
  await passLimit(1, 2)
  const error = await failed
  t.ok(isUnavailable(error), `nor can it be rolled back: ${error}`)
  t.strictSame(await ask(), rows)
})

test('connecting to a silent server times out, at first and later', async (t) => {
  let waiting = 0
  const deaf = createServer((socket) => socket.once('data', () => (waiting += 1))).listen(0, '127.0.0.1')
  await once(deaf, 'listening')
  const { port } = deaf.address() as AddressInfo
  const db = openDatabase({ databaseUrl: `postgres://ann@127.0.0.1:${port}/tasks`, dataDir: '' }, createLog('silent'))
  mock.timers.enable({ apis: ['setTimeout'] })
  t.teardown(async () => {
    mock.timers.reset()
    await db.destroy()
    deaf.close()
  })
  for (let time = 1; time <= 2; time += 1) {
    const failed = sql`select`.execute(db).catch((error) => error)
    await until('a client that waits', () => waiting === time)
    mock.timers.tick(2_000)
    const error = await failed
    t.ok(isUnavailable(error), `${error}`)
  }
  t.match(poolsOf(db).primary, { total: 0, waiting: 0 }, 'no connection stays behind')
})

test('a connection whose timeouts cannot be set is not used', async (t) => {
  const { sockets, mute, ask, db, passLimit } = await open(t)
  const first = ask().catch((error) => error)
  await until('a connection', () => sockets.length > 0)
  mute.add(sockets[0])
  await passLimit(0, 1)
  t.ok(isUnavailable(await first))
  t.strictSame(await ask(), rows)
  t.match(poolsOf(db).primary, { total: 1 })
})

test('a caller that waits too long for a connection gets an error, and holds none', async (t) => {
  const { db, ask } = await open(t)
  const { promise: held, resolve: letGo } = Promise.withResolvers<void>()
  const holding = Array.from({ length: 10 }, () => db.connection().execute(() => held))
  await until('all ten connections', () => poolsOf(db).primary?.idle === 0 && poolsOf(db).primary?.total === 10)
  mock.timers.enable({ apis: ['setTimeout'] })
  t.teardown(() => mock.timers.reset())
  const refused = ask().catch((error) => error)
  await until('a caller that waits', () => poolsOf(db).primary?.waiting === 1)
  mock.timers.tick(800)
  const error = await refused
  t.match(error, { status: 503, reason: 'pool' })
  t.ok(isUnavailable(error), `${error}`)
  const waiting = ask()
  await until('both callers', () => poolsOf(db).primary?.waiting === 2)
  mock.timers.tick(799)
  letGo()
  t.strictSame(await waiting, rows, 'who waits a moment gets one')
  await Promise.all(holding)
  await until('the end of all', () => poolsOf(db).primary?.idle === 10)
  t.strictSame(poolsOf(db).primary, { total: 10, idle: 10, waiting: 0 })
})

test('a connection that was idle for long is still closed when it falls silent', async (t) => {
  const { sockets, clients, mute, ask, passLimit } = await open(t)
  t.strictSame(await ask(), rows)
  clients[0]?.emit('timeout')
  mute.add(sockets[0])
  const refused = t.rejects(ask(), { message: 'No answer from the database' })
  await passLimit(0, 1)
  await refused
  t.strictSame(await ask(), rows)
})
