import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { mock } from 'node:test'
import t, { test } from 'tap'
import { startApp } from '../helpers/app.ts'
import { listen, message } from '../helpers/raw.ts'

const { app } = await startApp(t)
const { port } = await listen(app)
const cases = { CONNECT: message('CONNECT a:1 HTTP/1.1', 'Host: a'), 'what is no HTTP': 'x\r\n\r\n' }

/** Sends bytes. Returns both ends of the connection once the client has its answer. */
async function exchange(bytes: string) {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  const [[theirs]] = await Promise.all([once(app.server, 'connection'), once(socket, 'connect')])
  socket.write(bytes)
  const [answer] = await once(socket, 'data')
  return { socket, theirs: theirs as Socket, answer: String(answer) }
}

/** Not `once`, which also listens for errors. */
const closed = (socket: Socket) =>
  new Promise<void>((resolve) => {
    if (socket.closed) resolve()
    else socket.once('close', () => resolve())
  })

for (const [what, bytes] of Object.entries(cases)) {
  test(`${what}: the process survives a client that resets its connection`, async (t) => {
    const { socket, theirs, answer } = await exchange(bytes)
    t.match(answer, /^HTTP\/1.1 400 /)
    socket.resetAndDestroy()
    await closed(theirs)
    t.equal((await app.inject('/health/live')).statusCode, 200)
  })

  test(`${what}: a client that never closes is disconnected`, async (t) => {
    mock.timers.enable({ apis: ['setTimeout'] })
    t.teardown(() => mock.timers.reset())
    const { socket, theirs } = await exchange(bytes)
    mock.timers.tick(999)
    t.notOk(theirs.destroyed)
    mock.timers.tick(1)
    await closed(theirs)
    t.ok(theirs.destroyed)
    socket.destroy()
  })

  test(`${what}: a client that closes in time leaves no timer`, async (t) => {
    mock.timers.enable({ apis: ['setTimeout'] })
    t.teardown(() => mock.timers.reset())
    const { socket, theirs } = await exchange(bytes)
    socket.end()
    await closed(theirs)
    const destroyed = t.capture(theirs, 'destroy')
    mock.timers.tick(1_000)
    t.strictSame(destroyed(), [])
  })
}
