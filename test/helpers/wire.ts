import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import type { Test } from 'tap'
import { borrowEngine } from './engines.ts'

/** AuthenticationOk and ReadyForQuery, the answer to a startup message. */
const welcome = Buffer.from('R\0\0\0\x08\0\0\0\0Z\0\0\0\x05I', 'latin1')

type AnswerPiece = (piece: Buffer) => Uint8Array | Promise<Uint8Array>

/** A minimal PostgreSQL server: it accepts every login, and `answer` replies to each message. */
export async function wired(t: Test, answer: AnswerPiece) {
  const sockets: Socket[] = []
  const server = createServer((socket) => {
    sockets.push(socket)
    socket.on('error', () => {})
    socket.once('data', () => {
      socket.write(welcome)
      socket.on('data', async (piece) => socket.write(await answer(piece)))
    })
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return { url: `postgres://postgres@127.0.0.1:${(server.address() as AddressInfo).port}/postgres`, sockets }
}

/** The embedded engine behind PostgreSQL's wire protocol. `sent` contains the messages after the first. */
export async function wiredEngine(t: Test) {
  const { pglite, giveBack } = await borrowEngine()
  const sent: Buffer[] = []
  const server = await wired(t, (piece) => {
    sent.push(piece)
    return pglite.execProtocolRaw(piece)
  })
  t.teardown(giveBack)
  return { ...server, sent }
}
