import { once } from 'node:events'
import { Agent, get, type IncomingMessage } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { mock } from 'node:test'
import fastify from 'fastify'
import { type Test, test } from 'tap'
import { draining } from '../../plugins/draining.ts'
import { until } from '../helpers/wait.ts'

/** A server whose /slow answers when released. */
async function start(t: Test) {
  const app = fastify()
  await app.register(draining)
  const { promise, resolve: letGo } = Promise.withResolvers<string>()
  const { promise: arrived, resolve: arrive } = Promise.withResolvers<void>()
  app.get('/quick', async () => 'quick')
  app.get('/slow', () => {
    arrive()
    return promise
  })
  await app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = app.server.address() as AddressInfo
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  t.teardown(() => agent.destroy())
  const ask = async (path: string) => {
    const [answer] = (await once(get({ port, host: '127.0.0.1', path, agent }), 'response')) as [IncomingMessage]
    answer.resume()
    await once(answer, 'end')
    return { status: answer.statusCode, connection: answer.headers.connection }
  }
  return { app, port, ask, letGo: () => letGo('done'), arrived }
}

test('while draining it serves requests, and every answer closes its connection', async (t) => {
  const { app, ask } = await start(t)
  t.strictSame(await ask('/quick'), { status: 200, connection: 'keep-alive' })
  t.equal(app.isDraining(), false)
  const drained = app.drain(0.2)
  t.equal(app.isDraining(), true)
  t.strictSame(await ask('/quick'), { status: 200, connection: 'close' })
  t.strictSame(await ask('/quick'), { status: 200, connection: 'close' }, 'a new connection is taken')
  await drained
  await app.close()
})

test('a request in flight is answered before the end, and its connection does not delay it', async (t) => {
  const { app, ask, letGo, arrived } = await start(t)
  const answer = ask('/slow')
  await arrived
  await app.drain(0)
  const closed = app.close()
  letGo()
  t.match(await answer, { status: 200 })
  await closed
})

test('a request that is answered after the server stopped listening delays the end no longer than its answer', async (t) => {
  const { app, ask, letGo, arrived } = await start(t)
  const cuts = t.capture(app.server, 'closeAllConnections')
  const answer = ask('/slow')
  await arrived
  const closed = app.close()
  await until('the server to stop listening', () => !app.server.listening)
  letGo()
  t.match(await answer, { status: 200 })
  await closed
  t.strictSame(cuts(), [], 'its connection ended as an idle one')
})

test('without connections draining ends at once', async (t) => {
  const { app } = await start(t)
  await app.drain(0)
  await app.drain(0)
  await app.close()
  t.pass('it ended')
})

test('a connection whose request takes too long is closed', async (t) => {
  const { app, port, arrived } = await start(t)
  const socket = connect(port, '127.0.0.1')
  socket.write('GET /slow HTTP/1.1\r\nHost: a\r\n\r\n')
  await arrived
  mock.timers.enable({ apis: ['setTimeout'] })
  t.teardown(() => mock.timers.reset())
  const closed = app.close()
  await until('the end to begin', () => app.isDraining())
  mock.timers.tick(8_000)
  await once(socket, 'close')
  await closed
  t.equal(socket.bytesRead, 0, 'without an answer')
})
