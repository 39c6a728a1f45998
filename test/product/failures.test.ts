import { connect } from 'node:net'
import { Readable } from 'node:stream'
import t, { test } from 'tap'
import { defineProduct, problems, type Routes } from '../../src/index.ts'
import { startApp } from '../helpers/app.ts'

const secret = 'hush-12345'
const hidden = { schema: { hide: true } }
const fail = () => {
  throw new Error(secret)
}

const urls: string[] = []

/** What a route can do wrong with its answer. */
const routes: Routes = async function wrong(app) {
  app.addHook('onRoute', ({ method, url }) => {
    if (method === 'GET') urls.push(url)
  })
  app.get('/line-break', hidden, async (_request, reply) =>
    reply.header('x-note', `${secret}\r\nset-cookie: a=b`).send('x')
  )
  app.get('/line-break/callback', hidden, (_request, reply) => {
    reply.header('x-note', `${secret}\n`).send('x')
  })
  app.get('/names', hidden, async (_request, reply) => reply.header(`x ${secret}`, 'x').send('x'))
  app.get('/list', hidden, async (_request, reply) => reply.header('set-cookie', ['a=b', `${secret}\n`]).send('x'))
  for (const status of [204, 304])
    app.get(`/nothing/${status}`, hidden, async (_request, reply) =>
      reply
        .header('x-note', '\0')
        .code(status)
        .send(undefined as never)
    )
  app.get('/stream/line-break', hidden, async (_request, reply) =>
    reply.header('x-note', `${secret}\n`).send(Readable.from(['x']) as never)
  )
  app.get('/stream/fails', hidden, async (_request, reply) =>
    reply.header('content-encoding', 'gzip').send(
      Readable.from(
        (async function* () {
          fail()
          yield 'x'
        })()
      ) as never
    )
  )
  app.get('/stream/web', hidden, async (_request, reply) => reply.send(new ReadableStream({ pull: fail }) as never))
  app.get('/stream/locked', hidden, async (_request, reply) => {
    const stream = new ReadableStream({})
    stream.getReader()
    return reply.send(stream as never)
  })
  app.get('/type', hidden, async (_request, reply) => reply.type('text/plain').send({ secret } as never))
  app.get('/circular', hidden, async () => {
    const circle: { secret: string; circle?: unknown } = { secret }
    circle.circle = circle
    return circle
  })
  app.get('/serializer', hidden, async (_request, reply) => reply.serializer(fail).send({ a: 1 } as never))
  app.get('/compressed', hidden, async (_request, reply) => {
    reply.header('content-encoding', 'gzip').header('etag', '"1"').header('cache-control', 'public, max-age=60')
    fail()
  })
  app.get('/hijacked', hidden, async (_request, reply) => {
    reply.hijack()
    fail()
  })
  app.get('/hijacked/callback', hidden, (_request, reply) => {
    reply.hijack()
    fail()
  })
  app.register(async (app) => {
    app.addHook('onSend', async () => fail())
    app.get('/hook', hidden, async () => 'x')
  })
  app.register(async (app) => {
    app.addHook('onSend', (_request, reply, payload, done) => {
      reply.header('x-note', `${secret}\n`)
      done(null, payload)
    })
    app.get('/hook/header', hidden, async (_request, reply) => {
      reply.raw.setHeader('x-raw', secret)
      throw problems.notFound('Note')
    })
  })
  app.register(async (app) => {
    app.addHook('onSend', async () => ({ secret }) as never)
    app.get('/hook/type', hidden, async () => 'x')
  })
  app.register(async (app) => {
    app.addHook('preSerialization', async () => fail())
    app.get('/hook/serialization', hidden, async () => ({ a: 1 }))
  })
  app.register(async (app) => {
    app.addHook('onError', async (_request, reply) => void reply.send('x' as never))
    app.get('/hook/error', hidden, async () => fail())
  })
  app.register(async (app) => {
    app.setErrorHandler(fail)
    app.get('/handler', hidden, async () => fail())
  })
  app.register(async (app) => {
    app.setErrorHandler(async (_error, _request, reply) => reply.header('x-note', `${secret}\n`).code(500).send('x'))
    app.get('/handler/header', hidden, async () => fail())
  })
  app.register(async (app) => {
    app.setErrorHandler(fail)
    app.addHook('onSend', async () => fail())
    app.get('/handler/hook', hidden, async () => fail())
  })
}

const begun: Routes = async function begun(app) {
  app.get('', hidden, async (_request, reply) => {
    const { raw } = reply.hijack()
    await new Promise((done) => raw.write('x', done))
    fail()
  })
}

const { app, lines } = await startApp(t, {
  product: defineProduct({
    routes: {
      public: [
        { prefix: '/api/wrong', routes },
        { prefix: '/api/begun', routes: begun }
      ]
    }
  })
})
await app.listen({ port: 0, host: '127.0.0.1' })

/** The bytes of the answer to a request. Throws if none comes. */
async function bytesOf(url: string): Promise<string> {
  const { port } = app.server.address() as { port: number }
  const socket = connect(port, '127.0.0.1')
  socket.end(
    `GET ${url} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nX-Request-Id: request-${urls.indexOf(url) + 1000}\r\n\r\n`
  )
  socket.setEncoding('utf8')
  return (await socket.toArray()).join('')
}

test('a chunked answer whose handler fails is cut off, without its last chunk', async (t) => {
  const [, body = ''] = (await bytesOf('/api/begun')).split('\r\n\r\n')
  t.equal(body, '1\r\nx\r\n', 'without the last chunk, so that the client knows')
})

test('every failure of a product after its handler is a problem that is logged with its cause', async (t) => {
  t.ok(urls.length >= 20, `${urls.length} failures`)
  for (const [i, url] of urls.entries()) {
    const [head = '', body = ''] = (await bytesOf(url)).split('\r\n\r\n')
    const request_id = `request-${i + 1000}`
    t.match(head, /^HTTP\/1\.1 500 Internal Server Error\r/, url)
    t.match(head, /\r\ncontent-type: application\/problem\+json(; charset=utf-8)?\r\n/i, url)
    t.match(head, /\r\ncontent-security-policy: /i, url)
    t.match(head, /\r\ncache-control: no-store/i, url)
    t.match(head, new RegExp(`\\r\\nx-request-id: ${request_id}(\\r|$)`, 'i'), url)
    t.notMatch(head, /set-cookie: a=b\r|gzip|\netag:/i, url)
    t.match(JSON.parse(body), { code: 'internal_error', status: 500, request_id }, url)
    t.notOk(`${head}${body}`.includes(secret), `${url} does not tell`)
    t.ok(
      lines.some((line) => line.request_id === request_id && line.level === 50 && line.err),
      `${url} is logged with its cause`
    )
  }
})
