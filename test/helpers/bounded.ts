import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { mock } from 'node:test'
import type { Test } from 'tap'
import { type Cuts, createBoundedServer } from '../../src/http/bounded-server.ts'

type Handler = (request: IncomingMessage, response: ServerResponse) => void

/** A listening server that counts its events. */
export async function start(t: Test, handler: Handler, { maxConnections = 100, holdsTimers = false } = {}) {
  const cuts: Cuts[] = []
  const now = { ms: 0 }
  const counts = { started: 0, inFlight: 0, most: 0 }
  const sockets: Socket[] = []
  const count: Handler = (request, response) => {
    counts.started += 1
    counts.inFlight += 1
    counts.most = Math.max(counts.most, counts.inFlight)
    response.once('close', () => {
      counts.inFlight -= 1
    })
    handler(request, response)
  }
  mock.timers.enable({ apis: holdsTimers ? ['setInterval', 'setTimeout'] : ['setInterval'] })
  const onCuts = (found: Cuts) => cuts.push(found)
  const server = createBoundedServer({}, count, { maxConnections, onCuts, clock: () => now.ms })
  server.on('connection', (socket) => sockets.push(socket))
  await once(server.listen(0, '127.0.0.1'), 'listening')
  t.teardown(async () => {
    mock.timers.reset()
    server.closeAllConnections()
    await once(server.close(), 'close')
  })
  const open = async () => {
    const socket = connect({ port: (server.address() as AddressInfo).port, host: '127.0.0.1' })
    socket.on('error', () => {})
    await once(socket, 'connect')
    t.teardown(() => socket.destroy())
    return socket
  }
  /** Advances the clock and runs one check of the connections. */
  const pass = (ms: number) => {
    now.ms += ms
    mock.timers.tick(1_000)
  }
  return { server, open, cuts, counts, sockets, now, pass }
}
