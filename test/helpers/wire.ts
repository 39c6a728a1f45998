import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { PGlite } from '@electric-sql/pglite'
import type { Test } from 'tap'

/** AuthenticationOk and ReadyForQuery: what a client that starts up is told. */
const welcome = Buffer.from('R\0\0\0\x08\0\0\0\0Z\0\0\0\x05I', 'latin1')

/** The embedded engine, spoken to as a PostgreSQL server is. `sent` are the pieces that came, without the first. */
export async function wiredEngine(t: Test) {
  const engine = await PGlite.create()
  const sockets: Socket[] = []
  const sent: Buffer[] = []
  const server = createServer((socket) => {
    sockets.push(socket)
    socket.on('error', () => {})
    socket.once('data', () => {
      socket.write(welcome)
      socket.on('data', async (piece) => {
        sent.push(piece)
        socket.write(await engine.execProtocolRaw(piece))
      })
    })
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  t.teardown(async () => {
    for (const socket of sockets) socket.destroy()
    server.close()
    await engine.close()
  })
  return { url: `postgres://postgres@127.0.0.1:${(server.address() as AddressInfo).port}/postgres`, sockets, sent }
}
