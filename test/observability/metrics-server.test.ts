import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { connect, type Socket } from 'node:net'
import { mock } from 'node:test'
import { test } from 'tap'
import { serveMetrics } from '../../src/observability/metrics-server.ts'

test('only /metrics is served', async (t) => {
  const { url, stop } = await serveMetrics({ host: '127.0.0.1', port: 0 }, async () => 'up 1\n')
  t.teardown(stop)
  const answer = await fetch(url)
  t.equal(answer.status, 200)
  t.equal(answer.headers.get('content-type'), 'text/plain; version=0.0.4; charset=utf-8')
  t.equal(await answer.text(), 'up 1\n')
  for (const path of ['/', '/metrics/x', '/metrics?x', '/api/tasks'])
    t.equal((await fetch(new URL(path, url))).status, 404, path)
  t.equal((await fetch(url, { method: 'POST' })).status, 404)
})

test('a failed scrape answers 500 without details', async (t) => {
  const { url, stop } = await serveMetrics({ host: '::1', port: 0 }, async () => {
    throw new Error('a secret')
  })
  t.teardown(stop)
  t.match(url, /^http:\/\/\[::1\]:\d+\/metrics$/)
  const answer = await fetch(url)
  t.equal(answer.status, 500)
  t.equal(await answer.text(), '')
})

test('the server stops while a client keeps its connection open', async (t) => {
  const { url, stop } = await serveMetrics({ host: '127.0.0.1', port: 0 }, async () => 'up 1\n')
  await (await fetch(url)).text()
  await stop()
  await t.rejects(fetch(url))
})

test('a port in use is an error', async (t) => {
  const other = createServer()
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
  t.teardown(() => other.close())
  const { port } = other.address() as AddressInfo
  await t.rejects(
    serveMetrics({ host: '127.0.0.1', port }, async () => ''),
    { code: 'EADDRINUSE' }
  )
})

test('connections beyond what scrapers need are refused, and nothing else happens', async (t) => {
  mock.timers.enable({ apis: ['setInterval'] })
  t.teardown(() => mock.timers.reset())
  const { url, stop } = await serveMetrics({ host: '127.0.0.1', port: 0 }, async () => 'all')
  t.teardown(stop)
  const sockets = Array.from({ length: 33 }, () =>
    connect(Number(new URL(url).port), '127.0.0.1').on('error', () => {})
  )
  t.teardown(() => sockets.map((socket) => socket.destroy()))
  await Promise.race(sockets.map((socket) => once(socket, 'close')))
  mock.timers.tick(1_000)
  sockets.pop()?.destroy()
  sockets[0]?.write('GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n')
  t.match(String((await once(sockets[0] as Socket, 'data'))[0]), /all/)
})
