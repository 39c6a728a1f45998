import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { mock } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { test } from 'tap'
import { responseInFlight } from '../../src/http/bounded-server.ts'
import { start } from '../helpers/bounded.ts'
import { until } from '../helpers/wait.ts'

const get = (path = '/') => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`
const big = Buffer.alloc(1024 * 1024)

test('a client that pipelines and reads gets every answer in order, one handled at a time', async (t) => {
  const { open, counts } = await start(t, (request, response) => {
    setImmediate(() => response.end(`${request.url};`))
  })
  const socket = await open()
  const paths = Array.from({ length: 300 }, (_, i) => `/${i}`)
  let text = ''
  socket.on('data', (chunk) => {
    text += chunk
  })
  socket.write(paths.map(get).join(''))
  await until('the last answer', () => text.includes('/299;'))
  t.strictSame(text.match(/\/\d+(?=;)/g), paths)
  t.equal(counts.most, 1)
})

test('a client that pipelines without reading has one answer in progress, and few requests in memory', async (t) => {
  const { open, counts, sockets } = await start(t, (_request, response) => response.end(big))
  const socket = await open()
  socket.pause()
  socket.write(get().repeat(1_600))
  await until('output that waits', () => (sockets[0]?.writableLength ?? 0) > 0)
  const { started } = counts
  for (let i = 0; i < 100; i++) await turn()
  t.equal(counts.started, started)
  t.equal(counts.most, 1)
  t.ok((sockets[0]?.readableLength ?? 0) > 40_000, 'most of them unread')
  t.equal(responseInFlight(sockets[0] as Socket)?.writableEnded, true)
})

test('a client that does not read for 15 s is disconnected, another one is not', async (t) => {
  const { open, cuts, sockets, pass } = await start(t, (_request, response) => response.end(big))
  const [deaf, reading] = [await open(), await open()]
  deaf.pause()
  deaf.write(get().repeat(1_600))
  await until('output that waits', () => (sockets[0]?.writableLength ?? 0) > 0)
  reading.resume()
  pass(0)
  for (let i = 0; i < 14; i++) pass(1_000)
  t.equal(sockets[0]?.destroyed, false)
  t.strictSame(cuts, [])
  reading.write(get())
  await once(reading, 'data')
  pass(1_000)
  await once(sockets[0] as Socket, 'close')
  t.equal(sockets[1]?.destroyed, false)
  pass(1_000)
  t.strictSame(cuts, [{ too_many: 0, not_reading: 1 }])
  pass(60_000)
  t.equal(sockets[1]?.destroyed, false, 'a kept connection has nothing to read')
})

test('a client that reads one answer for minutes is not disconnected, as long as it goes on', async (t) => {
  const { open, counts, sockets, pass } = await start(t, () => {})
  const socket = await open()
  socket.write(get())
  await until('the request', () => counts.started === 1)
  let waiting = 1_000_000
  Object.defineProperty(sockets[0], 'writableLength', { get: () => waiting })
  for (let i = 0; i < 180; i += 1) {
    waiting -= 1
    pass(1_000)
  }
  t.equal(sockets[0]?.destroyed, false)
  for (let i = 0; i < 15; i += 1) pass(1_000)
  t.equal(sockets[0]?.destroyed, true, 'it has stopped for 15 s')
})

test('a client that reads an answer between two checks is not disconnected, however much of the next one waits', async (t) => {
  const answers: ServerResponse[] = []
  const { open, counts, sockets, pass } = await start(t, (_request, response) => answers.push(response))
  const socket = await open()
  socket.resume()
  socket.write(get().repeat(20))
  await until('a request', () => counts.started === 1)
  // As if the same number of bytes waited at each check.
  Object.defineProperty(sockets[0], 'writableLength', { value: 100 })
  for (let i = 1; i < 20; i++) {
    pass(1_000)
    answers.at(-1)?.end('a')
    await until('the next request', () => counts.started === i + 1)
  }
  t.equal(sockets[0]?.destroyed, false)
  for (let i = 0; i < 16; i++) pass(1_000)
  t.equal(sockets[0]?.destroyed, true, 'one answer that is not read for 15 s')
})

test('waiting requests of a disconnected client are not handled', async (t) => {
  const { open, counts, sockets } = await start(t, () => {})
  const socket = await open()
  socket.write(get().repeat(20))
  await until('a request that was started', () => counts.started === 1)
  socket.resetAndDestroy()
  ;(sockets[0] as Socket).destroy()
  await until('the end', () => counts.inFlight === 0)
  for (let i = 0; i < 5; i++) await turn()
  t.equal(counts.started, 1)
  t.equal(responseInFlight(sockets[0] as Socket), undefined)
  t.equal(responseInFlight({}), undefined)
})

test('an unread body is not buffered, and arrives when it is read', async (t) => {
  const { open, sockets } = await start(t, (request, response) => {
    bodies.push(request)
    request.once('end', () => response.end('done'))
  })
  const bodies: IncomingMessage[] = []
  const socket = await open()
  const length = 4 * 1024 * 1024
  socket.write(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${length}\r\n\r\n`)
  socket.write(Buffer.alloc(length))
  await until('a full body', () => (bodies[0]?.readableLength ?? 0) >= 64 * 1024)
  for (let i = 0; i < 50; i++) await turn()
  t.ok((bodies[0]?.readableLength ?? 0) < 128 * 1024)
  t.ok((sockets[0]?.bytesRead ?? 0) < length / 2)
  bodies[0]?.resume()
  t.match(String((await once(socket, 'data'))[0]), /done/)
})

test('connections above the maximum are refused, idle ones are closed first, with one log line a second', async (t) => {
  const { open, cuts, pass, server } = await start(t, (_request, response) => response.end('a'), { maxConnections: 2 })
  t.match(server, { maxConnections: 2, dropMaxConnection: true })
  const kept = [await open(), await open()]
  for (const socket of kept) {
    socket.write(get())
    await once(socket, 'data')
  }
  const third = await open()
  await Promise.all([...kept, third].map((socket) => socket.resume() && once(socket, 'close')))
  const fourth = await open()
  fourth.write(get())
  t.match(String((await once(fourth, 'data'))[0]), /^HTTP\/1.1 200/)
  pass(1_000)
  pass(1_000)
  t.strictSame(cuts, [{ too_many: 1, not_reading: 0 }])
})

test('a request after an answer that closes the connection is not handled', async (t) => {
  const { open, counts } = await start(t, (_request, response) => response.end('a'))
  const socket = await open()
  socket.resume()
  socket.write(`GET / HTTP/1.0\r\n\r\n${get().repeat(5)}`)
  await once(socket, 'close')
  t.equal(counts.started, 1)
})

test('pipelined requests rest for four times their duration, and requests of another client run meanwhile', async (t) => {
  const { open, counts, now } = await start(
    t,
    (request, response) => {
      if (request.url === '/long') now.ms += 3
      response.end('a')
    },
    { holdsTimers: true }
  )
  const settle = async () => {
    for (let i = 0; i < 100; i++) await turn()
  }
  const socket = await open()
  socket.resume()
  socket.write(get('/long').repeat(20))
  await until('the first and the next', () => counts.started === 2)
  await settle()
  socket.write(get('/long').repeat(2))
  await settle()
  t.equal(counts.started, 2)
  const other = await open()
  other.write(get())
  await once(other, 'data')
  mock.timers.tick(11)
  await settle()
  t.equal(counts.started, 3)
  mock.timers.tick(1)
  await until('the one after', () => counts.started === 4)
  for (let i = 0; i < 30; i++) {
    mock.timers.tick(12)
    await settle()
  }
  t.equal(counts.started, 23, 'all of them in the end')
})

test('a connection without a request has no response in progress', async (t) => {
  const { open, sockets } = await start(t, () => {})
  await open()
  await until('the connection', () => sockets.length === 1)
  t.equal(responseInFlight(sockets[0] as Socket), undefined)
})

test('a client that disconnects is noticed while its answer is created', async (t) => {
  const { open, counts, sockets } = await start(t, () => {})
  const socket = await open()
  socket.write(get())
  await until('a request that was started', () => counts.started === 1)
  socket.end()
  await once(sockets[0] as Socket, 'end')
  t.equal(counts.started, 1)
})
