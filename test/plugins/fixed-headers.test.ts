import { once } from 'node:events'
import { type OutgoingHttpHeaders, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import cors from '@fastify/cors'
import helmet from '@fastify/helmet'
import Fastify, { type FastifyInstance } from 'fastify'
import { type Test, test } from 'tap'
import { problemDetails } from '../../plugins/problems.ts'
import { security, usePolicy } from '../../plugins/security.ts'
import { problems } from '../../src/http/problems.ts'
import { startApp } from '../helpers/app.ts'

const origin = 'https://app.example.com'

/** The same headers from the plugins as documented. */
async function stock() {
  const app = Fastify()
  app.addHook('onRequest', async (_request, reply) => {
    reply.header('cache-control', 'no-store')
  })
  await app.register(helmet, {
    contentSecurityPolicy: { useDefaults: false, directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] } },
    xFrameOptions: { action: 'deny' },
    referrerPolicy: { policy: 'no-referrer' }
  })
  await app.register(cors, {
    origin: [origin],
    credentials: true,
    methods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
    allowedHeaders: [
      ...['authorization', 'content-type', 'idempotency-key', 'if-match', 'if-none-match', 'x-request-id'],
      ...['baggage', 'sentry-trace', 'traceparent', 'tracestate', 'x-requested-with']
    ],
    exposedHeaders: ['etag', 'idempotency-replayed', 'location', 'retry-after', 'www-authenticate', 'x-request-id'],
    maxAge: 600,
    strictPreflight: false
  })
  app.get('/health/live', async () => ({ status: 'ok' }))
  return app
}

async function listening(t: Test, app: FastifyInstance): Promise<number> {
  await app.listen({ port: 0, host: '127.0.0.1' })
  t.teardown(() => app.close())
  return (app.server.address() as AddressInfo).port
}

/** All headers except those that differ in each answer. */
async function headersOf(port: number, method: string, headers: OutgoingHttpHeaders, path = '/health/live') {
  const asked = request({ port, host: '127.0.0.1', method, path, headers, agent: false })
  asked.end()
  const [answer] = await once(asked, 'response')
  answer.resume()
  const { rawHeaders }: { rawHeaders: string[] } = answer
  const pairs = rawHeaders.flatMap((name, i) => (i % 2 ? [] : [`${name.toLowerCase()}: ${rawHeaders[i + 1]}`]))
  return pairs.filter((line) => !/^(date|x-request-id|connection|keep-alive):/.test(line)).sort()
}

test('the headers equal those of helmet and @fastify/cors for any origin', async (t) => {
  const { app } = await startApp(t, { settings: { CORS_ORIGINS: origin } })
  await app.listen({ port: 0, host: '127.0.0.1' })
  const ours = (app.server.address() as AddressInfo).port
  const theirs = await listening(t, await stock())
  const preflight = { 'access-control-request-method': 'PUT', 'access-control-request-headers': 'authorization' }
  const cases: [string, OutgoingHttpHeaders][] = [
    ['GET', {}],
    ['HEAD', {}],
    ['GET', { origin }],
    ['GET', { origin: 'https://evil.example' }],
    ['GET', { origin: '' }],
    ['OPTIONS', { origin, ...preflight }],
    ['OPTIONS', { origin: 'https://evil.example', ...preflight }],
    ['OPTIONS', {}]
  ]
  for (const [method, headers] of cases) {
    const expected = await headersOf(theirs, method, headers)
    t.ok(expected.length >= 15)
    t.strictSame(await headersOf(ours, method, headers), expected, `${method} ${JSON.stringify(headers)}`)
  }
})

test("an answer's own header replaces the default one", async (t) => {
  const app = Fastify()
  await app.register(security, { corsOrigins: [], corsHeaders: [], probe: Fastify() })
  app.get('/', async (_request, reply) => reply.header('Cache-Control', 'max-age=60').send('a'))
  const headers = await headersOf(await listening(t, app), 'GET', {}, '/')
  t.strictSame(
    headers.filter((line) => line.startsWith('cache-control')),
    ['cache-control: max-age=60']
  )
  t.ok(headers.includes('x-content-type-options: nosniff'))
})

test('a scope with another policy keeps all other headers of helmet, and its errors have the policy of the API', async (t) => {
  const app = Fastify()
  app.decorate('metrics', undefined)
  await app.register(problemDetails)
  await app.register(security, { corsOrigins: [], corsHeaders: [], probe: Fastify() })
  app.get('/api', async () => 'a')
  app.register(async (scope) => {
    await usePolicy(scope, { 'default-src': ["'self'"] })
    scope.get('/page', async () => 'a')
    scope.get('/fault', async () => {
      throw problems.notFound('Page')
    })
  })
  const port = await listening(t, app)
  const get = async (path: string) =>
    (await headersOf(port, 'GET', {}, path)).filter((line) => !line.startsWith('content-') || /policy/.test(line))
  const expected = await get('/api')
  t.ok(expected.includes("content-security-policy: default-src 'none';frame-ancestors 'none'"))
  t.strictSame(await get('/fault'), expected)
  const others = (lines: string[]) => lines.filter((line) => !/^content-security-policy/.test(line))
  t.strictSame(others(await get('/page')), others(expected))
  t.ok((await get('/page')).includes("content-security-policy: default-src 'self'"))
})
