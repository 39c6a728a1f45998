import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import type { Test } from 'tap'

const int32 = (value: number) => Buffer.from([value >>> 24, value >>> 16, value >>> 8, value].map((byte) => byte & 255))
const message = (type: string, ...parts: (string | Buffer)[]) => {
  const body = Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(`${part}\0`) : part)))
  return Buffer.concat([Buffer.from(type), int32(body.length + 4), body])
}
const ready = message('Z', Buffer.from('I'))

/** A minimal PostgreSQL server for a listener. It can ignore connections (`deaf`) or queries (`mute`). */
export async function listenableServer(t: Test, wanted = 0) {
  const state = { deaf: false, mute: false }
  const sockets: Socket[] = []
  const queries: string[] = []
  const server = createServer((socket) => {
    sockets.push(socket)
    socket.on('error', () => {})
    socket.once('data', () => {
      if (!state.deaf) socket.write(Buffer.concat([message('R', int32(0)), ready]))
      socket.on('data', (query) => {
        if (query.toString('latin1', 0, 1) !== 'Q') return
        queries.push(query.toString('latin1', 5, query.length - 1))
        if (!state.mute) socket.write(Buffer.concat([message('C', 'LISTEN'), ready]))
      })
    })
  })
  const open = (port = wanted) => once(server.listen(port, '127.0.0.1'), 'listening')
  await open()
  const { port } = server.address() as AddressInfo
  /** Like a shutdown: no connection is accepted or kept. */
  const close = async () => {
    for (const socket of sockets) socket.destroy()
    server.close()
    await once(server, 'close')
  }
  t.teardown(() => (server.listening ? close() : undefined))
  return {
    url: `postgres://ann@127.0.0.1:${port}/tasks`,
    state,
    sockets,
    queries,
    close,
    open: () => open(port),
    notify: (channel: string, payload: string) => sockets.at(-1)?.write(message('A', int32(7), channel, payload))
  }
}
