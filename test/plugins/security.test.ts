import helmet from '@fastify/helmet'
import Fastify from 'fastify'
import t, { test } from 'tap'
import { startApp } from '../helpers/app.ts'
import { listen } from '../helpers/raw.ts'

const origin = 'https://app.example.com'
const { app, signUp } = await startApp(t, { settings: { CORS_ORIGINS: `${origin},http://localhost:3000` } })
const { send } = await listen(app)
const ann = await signUp()

/** The headers that @fastify/helmet itself sends. */
async function helmetHeaders() {
  const app = Fastify()
  const csp = { useDefaults: false, directives: { 'default-src': ["'none'"], 'frame-ancestors': ["'none'"] } }
  const options = { frameguard: { action: 'deny' }, referrerPolicy: { policy: 'no-referrer' } } as const
  await app.register(helmet, { ...options, contentSecurityPolicy: csp })
  app.get('/', async (_request, reply) => reply.code(204).send())
  const { date, connection, ...headers } = (await app.inject('/')).headers
  return headers
}

const expected = { ...(await helmetHeaders()), 'cache-control': 'no-store' }

test('every answer has the headers of helmet', async (t) => {
  t.ok(Object.keys(expected).length >= 12)
  const close = 'Connection: close\r\n\r\n'
  const get = (url: string, more = '') => `GET ${url} HTTP/1.1\r\nHost: a\r\n${more}${close}`
  const created = await ann.post('/api/tasks', { title: 'a' })
  const task = String(created.headers.location)
  const big = 'Content-Type: application/json\r\nContent-Length: 70000\r\n'
  const cases: [number, string][] = [
    [200, get('/api/auth/me', `Authorization: Bearer ${ann.token}\r\n`)],
    [200, get('/health')],
    [401, get('/api/auth/me')],
    [404, get('/nothing')],
    [405, get('/api/auth/login')],
    [413, `POST /api/auth/login HTTP/1.1\r\nHost: a\r\n${big}${close}${'a'.repeat(70_000)}`],
    [400, get('/%ff')],
    [431, get('/health', `X-Long: ${'a'.repeat(20_000)}\r\n`)],
    [200, `HEAD /health/live HTTP/1.1\r\nHost: a\r\n${close}`],
    [304, get(task, `Authorization: Bearer ${ann.token}\r\nIf-None-Match: *\r\n`)],
    [400, 'nonsense\r\n\r\n'],
    [400, `CONNECT a:1 HTTP/1.1\r\nHost: a\r\n${close}`],
    [
      204,
      `OPTIONS /api/tasks HTTP/1.1\r\nHost: a\r\nOrigin: ${origin}\r\nAccess-Control-Request-Method: PUT\r\n${close}`
    ]
  ]
  for (const [status, bytes] of cases) {
    const [answer] = await send(bytes)
    const what = `${status} ${bytes.split('\r\n')[0]}`
    t.match(answer, { status, headers: { 'x-request-id': /^[\w-]{36}$/ } }, what)
    for (const [name, value] of Object.entries(expected)) t.equal(answer?.headers[name], value, `${what}: ${name}`)
    for (const name of ['x-powered-by', 'server']) t.notOk(answer && name in answer.headers, `${what}: ${name}`)
  }
})

test('an allowed origin may read answers, including errors, and send credentials', async (t) => {
  const token = { authorization: `Bearer ${ann.token}` }
  for (const [url, status, sent] of [
    ['/api/auth/me', 200, token],
    ['/api/auth/me', 401, {}],
    ['/api/tasks/x', 400, token],
    ['/nothing', 404, {}],
    ['/api/auth/login', 405, {}]
  ] as const)
    for (const allowed of [origin, 'http://localhost:3000']) {
      const answer = await app.inject({ url, headers: { ...sent, origin: allowed } })
      t.equal(answer.statusCode, status)
      t.match(answer.headers, {
        'access-control-allow-origin': allowed,
        'access-control-allow-credentials': 'true',
        vary: 'Origin'
      })
      const exposed = String(answer.headers['access-control-expose-headers']).split(', ').sort()
      t.strictSame(exposed, [
        ...['etag', 'idempotency-replayed', 'location', 'retry-after', 'www-authenticate', 'x-request-id']
      ])
    }
})

test('no other origin is allowed, however similar', async (t) => {
  const others = [
    ...[
      'http://app.example.com',
      `${origin}:8443`,
      `${origin}:443`,
      `${origin}/`,
      `${origin}.evil.example`,
      'null',
      ''
    ],
    ...[
      'https://evilapp.example.com',
      'https://APP.example.com',
      'https://x.app.example.com',
      'https://app-example.com'
    ],
    ...['http://localhost', 'http://localhost:3001', 'http://localhost:30000', 'http://127.0.0.1:3000', '*'],
    ...[`${origin}, ${origin}`, `${origin} http://localhost:3000`, `${origin}@evil.example`, 'https://example.com']
  ]
  for (const other of others)
    for (const method of ['GET', 'OPTIONS'] as const) {
      const asked = { origin: other, 'access-control-request-method': 'GET' }
      const answer = await app.inject({ method, url: '/api/auth/me', headers: asked })
      t.notOk('access-control-allow-origin' in answer.headers, `${method} ${other}`)
      t.equal(answer.headers.vary, 'Origin')
    }
})

test('a preflight allows every method and header of the contract, without a token', async (t) => {
  for (const method of ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']) {
    const asked = {
      'access-control-request-method': method,
      'access-control-request-headers': 'authorization, content-type'
    }
    const answer = await app.inject({ method: 'OPTIONS', url: '/api/tasks', headers: { origin, ...asked } })
    t.equal(answer.statusCode, 204)
    t.match(answer.headers, {
      'access-control-allow-origin': origin,
      'access-control-allow-credentials': 'true',
      'access-control-allow-methods': new RegExp(`\\b${method}\\b`),
      'access-control-allow-headers':
        /^authorization, content-type, idempotency-key, if-match, if-none-match, x-request-id, baggage, /,
      'access-control-max-age': '600'
    })
    t.equal(answer.body, '')
  }
})
