import { once } from 'node:events'
import { connect } from 'node:net'
import { test } from 'tap'
import { startApp } from '../helpers/app.ts'
import { listen } from '../helpers/raw.ts'

test('a connection above MAX_CONNECTIONS is refused, and the log counts it', async (t) => {
  const { app, says } = await startApp(t, { settings: { MAX_CONNECTIONS: '10' } })
  const { port } = await listen(app)
  const sockets = Array.from({ length: 11 }, () => connect(port, '127.0.0.1').on('error', () => {}))
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
  })
  await Promise.race(sockets.map((socket) => once(socket, 'close')))
  t.match(await says(/^connections cut$/), { level: 40, cuts: { too_many: 1, not_reading: 0 } })
})
