import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { type AddressInfo, connect, Socket } from 'node:net'
import t, { test } from 'tap'
import { answerParserError } from '../../plugins/problems.ts'
import { createBoundedServer } from '../../src/http/bounded-server.ts'
import { startApp } from '../helpers/app.ts'
import { checkRefusal, listen, requests } from '../helpers/raw.ts'

const { app, lines } = await startApp(t)
const { send } = await listen(app)

test('a bad request in a pipeline does not affect the log line of the previous one', async (t) => {
  const from = lines.length
  const answers = await send('GET /health/live HTTP/1.1\r\nHost: a\r\n\r\nFOO / HTTP/1.1\r\n\r\n')
  checkRefusal(t, answers.at(-1), 400)
  const logged = await requests(lines, from, 2)
  t.strictSame(logged.map(({ route }) => route).sort(), ['/health/live', 'unknown'])
})

test('a closed connection is not answered', async (t) => {
  const from = lines.length
  const gone = new Socket()
  gone.destroy()
  for (const [socket, code] of [
    [new Socket(), 'ECONNRESET'],
    [gone, 'HPE_INVALID_METHOD']
  ] as const) {
    answerParserError.call(app, Object.assign(new Error('parser'), { code }), socket)
    t.ok(socket.destroyed)
    t.equal(socket.bytesWritten, 0)
  }
  t.equal(lines.length, from)
})

test('an answer in progress is not interrupted', async (t) => {
  const begin = (_request: unknown, response: ServerResponse) => response.writeHead(200).flushHeaders()
  const server = createBoundedServer({}, begin, { maxConnections: 10, onCuts() {} })
  server.on('clientError', answerParserError.bind(app))
  await once(server.listen(0, '127.0.0.1'), 'listening')
  t.teardown(() => server.close())
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
  let text = ''
  socket.on('data', (chunk) => {
    text += chunk
  })
  socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\nFOO / HTTP/1.1\r\n\r\n')
  await once(socket, 'close')
  t.match(text, /^HTTP\/1.1 200/)
  t.notMatch(text, /400/)
})

test('slow clients are disconnected', async (t) => {
  t.match(app.server, { requestTimeout: 10_000, headersTimeout: 10_000, connectionsCheckingInterval: 1_000 })
  app.server.headersTimeout = app.server.requestTimeout = 100
  t.teardown(() => Object.assign(app.server, { headersTimeout: 10_000, requestTimeout: 10_000 }))
  const from = lines.length
  const slow = [
    'GET /health HTTP/1.1\r\nHost: a\r\nX:',
    'POST /api/auth/login HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{"email"'
  ]
  for (const [answer] of await Promise.all(slow.map(send))) checkRefusal(t, answer, 408)
  t.match(await requests(lines, from, 2), [
    { status: 408, refusal: 'ERR_HTTP_REQUEST_TIMEOUT' },
    { status: 408, refusal: 'ERR_HTTP_REQUEST_TIMEOUT' }
  ])
})
