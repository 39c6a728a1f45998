import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { sql } from 'kysely'
import { test } from 'tap'
import { openDatabase } from '../../src/database/connection.ts'

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

/** As little of a PostgreSQL server as pg believes in: it lets everybody in and gives every query the same row. */
function answer(socket: Socket) {
  socket.once('data', () => {
    socket.write(Buffer.concat([message('R', int32(0)), ready]))
    socket.on('data', (query) => {
      if (query.toString('latin1', 0, 1) === 'Q') socket.write(row)
    })
  })
}

test('a server that hangs up while nothing is asked costs a log line and a new connection', async (t) => {
  const sockets: Socket[] = []
  const server = createServer((socket) => {
    sockets.push(socket)
    answer(socket)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { promise: lost, resolve: lose } = Promise.withResolvers<Error>()
  const databaseUrl = `postgres://ann@127.0.0.1:${(server.address() as AddressInfo).port}/tasks`
  const warn = (details: object) => lose((details as { err: Error }).err)
  const db = openDatabase({ databaseUrl, dataDir: '' }, { warn })
  t.teardown(async () => {
    await db.destroy()
    server.close()
  })

  const ask = async () => (await sql`select`.execute(db)).rows
  t.strictSame(await ask(), [{ at: '2026-11-20T20:08:04.100Z', many: 7 }])
  sockets[0]?.destroy()
  t.match((await lost).message, /terminated/)
  t.strictSame(await ask(), [{ at: '2026-11-20T20:08:04.100Z', many: 7 }])
  t.equal(sockets.length, 2)
})
