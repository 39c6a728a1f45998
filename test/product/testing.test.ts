import type { FastifyRequest } from 'fastify'
import { test } from 'tap'
import { defineProduct, problems, type Routes, Type } from '../../src/index.ts'
import { attack, buildTestApp, leaks, limitFaults, openRoutes, scopeFaults } from '../../src/testing/index.ts'
import { product } from './notes/product.ts'

const databaseUrl = process.env.TEST_DATABASE_URL

test('the sweeps find routes that answer another user, and tokens that are refused despite their scope', async (t) => {
  const response = { 200: Type.Null() }
  const common = { tags: ['secrets'], summary: 'A', description: 'B', response }
  const open: Routes = async function open(app) {
    app.get(
      '/:id',
      { schema: { operationId: 'getSecret', ...common, params: Type.Object({ id: Type.String() }) } },
      () => null
    )
    app.put('/:id', { schema: { operationId: 'putSecret', ...common, body: Type.Object({}) } }, () => null)
  }
  const careless = defineProduct({
    scopes: ['secrets:read', 'secrets:write'],
    routes: {
      public: [{ prefix: '/api/open', routes: open }],
      authenticated: [
        {
          prefix: '/api/secrets',
          routes: async function protectedRoutes(app) {
            app.get('/:id', { schema: { operationId: 'readSecret', scope: 'secrets:read', ...common } }, () => null)
            app.put('/:id', { schema: { operationId: 'writeSecret', ...common, body: Type.Object({}) } }, () => null)
            const params = Type.Object({ id: Type.String() })
            const schema = { operationId: 'dropSecret', ...common, params, problems: [404 as const] }
            // Refused, but in other words where there is one.
            app.delete('/:id', { schema }, ({ params: { id } }) => {
              throw problems.notFound(id === '1' ? "Ann's secret" : 'Secret')
            })
          }
        }
      ]
    }
  })
  const { app, anyone, signUp, close } = await buildTestApp(careless)
  t.teardown(close)
  t.strictSame(await openRoutes(app), ['GET /api/open/:id: 200', 'HEAD /api/open/:id: 200', 'PUT /api/open/:id: 400'])
  const found = await leaks(app, {
    stranger: await signUp(),
    urls: { '/api/secrets/{id}': '/api/secrets/1' },
    bodies: { 'PUT /api/secrets/{id}': {} }
  })
  t.strictSame(found, [
    ...['GET', 'HEAD', 'PUT'].map((method) => `${method} /api/secrets/{id}: 200`),
    'DELETE /api/secrets/{id}: 404'
  ])
  const ann = await signUp()
  t.strictSame(await scopeFaults(app, ann, careless.scopes ?? []), [])
  const tokenless = { ...ann, program: async () => anyone }
  t.strictSame(await scopeFaults(app, ann, ['secrets:read']), [], 'no token lacks the only scope of a product')
  t.strictSame(await scopeFaults(app, tokenless, careless.scopes ?? []), [
    'GET /api/revocations: 401',
    'HEAD /api/revocations: 401',
    'GET /api/secrets/{id}: 401',
    'HEAD /api/secrets/{id}: 401'
  ])
})

test('an attack finds handlers that fail, lie about their answers, or check tokens themselves', async (t) => {
  const response = { 200: Type.Object({ id: Type.String() }) }
  const common = { tags: ['faults'], summary: 'A', description: 'B', response }
  const params = Type.Object({ id: Type.String() })
  const product = defineProduct({
    scopes: ['faults:read', 'faults:write'],
    routes: {
      public: [
        {
          prefix: '/api/own-gate',
          routes: async function ownGate(app) {
            app.get('', { schema: { ...common, operationId: 'ownGate' } }, async ({ headers }, reply) => {
              if (!headers.authorization) return reply.code(401 as 200).send({ id: '' })
              return { id: 'everybody' }
            })
          }
        }
      ],
      authenticated: [
        {
          prefix: '/api/faults',
          routes: async function faults(app) {
            app.get('/:id', { schema: { ...common, operationId: 'readFault', params } }, async ({ params }) => {
              const [, second] = params.id.split('-')
              return { id: (second as string).toUpperCase() }
            })
            const body = Type.Object({ text: Type.Optional(Type.String()), count: Type.Optional(Type.Number()) })
            app.post('', { schema: { ...common, operationId: 'makeFault', body } }, async ({ body }) => {
              if (body.text?.includes('{{')) throw body.text
              if (body.text === '') throw new Error('"" is no text')
              return { id: 'x' }
            })
            app.put('', { schema: { ...common, operationId: 'undocumented' } }, async () => {
              throw problems.notFound('Fault')
            })
          }
        }
      ]
    }
  })
  const kit = await buildTestApp(product)
  t.teardown(kit.close)
  const found = await attack(kit, { owner: await kit.signUp(), scopes: product.scopes })
  const about = (words: RegExp) => found.filter((fault) => words.test(fault))
  t.strictSame(about(/^hostile token/), [
    ...['GET', 'HEAD'].map(
      (method) => `hostile token: ${method} /api/own-gate: 200, 10 times, for example a token with header alg "none"`
    )
  ])
  t.strictSame(
    about(/^another user/),
    ['GET', 'HEAD'].map((method) => `another user: ${method} /api/faults/{id}: urls has no /api/faults/{id}`)
  )
  t.equal(about(/^another scope/).length, 0)
  const causes = about(/^[A-Z]+ /)
  t.equal(causes.length, 5, 'each cause once')
  t.match(causes, [
    /^GET \/api\/faults\/{id}: 500: TypeError: .* \(reading 'toUpperCase'\), at .*testing\.test\.ts.*:\d+:\d+\), 12 times, for example GET \/api\/faults\/0$/,
    /^GET \/api\/own-gate: 401: not a problem, 2 times, for example GET \/api\/own-gate\?/,
    /^POST \/api\/faults: 500: Error: "" is no text, at .*testing\.test\.ts.*:\d+:\d+\), for POST \/api\/faults {"text":"","count":1}$/,
    /^POST \/api\/faults: 500: Error: no error was thrown, but '{{7\*7}}', at .*, for POST /,
    /^PUT \/api\/faults: 404: not in the contract, 2 times, for example PUT \/api\/faults\?/
  ])
})

test('the sweeps ask again after a 503, and report one that stays', async (t) => {
  let left = 0
  const busy: Routes = async function busy(app) {
    const schema = {
      ...{ operationId: 'getBusy', tags: ['busy'], summary: 'A', description: 'B' },
      params: Type.Object({ id: Type.String() }),
      response: { 200: Type.Null() },
      problems: [404]
    }
    app.get('/:id', { schema }, async () => {
      left -= 1
      throw left >= 0 ? problems.unavailable('busy') : problems.notFound('Busy')
    })
  }
  const product = defineProduct({ routes: { authenticated: [{ prefix: '/api/busy', routes: busy }] } })
  const { app, signUp, close } = await buildTestApp(product, { databaseUrl })
  t.teardown(close)
  const asked = { stranger: await signUp(), urls: { '/api/busy/{id}': '/api/busy/1' }, pause: 0 }
  left = 1
  t.strictSame(await leaks(app, asked), [])
  left = Number.POSITIVE_INFINITY
  t.strictSame(await leaks(app, asked), ['GET /api/busy/{id}: 503', 'HEAD /api/busy/{id}: 503'])
})

test('each test app has an empty database, also the next one of a process and two at once', async (t) => {
  async function write() {
    const kit = await buildTestApp(product, { databaseUrl })
    const ann = await kit.signUp({ email: 'ann@example.com' })
    t.equal((await ann.post('/api/notes', { text: 'Milk' })).statusCode, 201)
    t.equal((await ann.get('/api/notes')).json().items.length, 1)
    return kit
  }
  await (await write()).close()
  await (await write()).close()
  for (const { close } of await Promise.all([write(), write()])) await close()
})

test('a test app that cannot start leaves nothing behind', async (t) => {
  await t.rejects(buildTestApp({ ...product, personalData: {} }), /the table product_notes/)
  await t.rejects(buildTestApp({ scopes: ['x'] }, { databaseUrl }), /must be like notes:read/)
})

test('the sweep of limits finds routes that let more or fewer requests of an address pass than the limit says', async (t) => {
  const schema = (operationId: string) => ({
    schema: {
      operationId,
      tags: ['guesses'],
      summary: 'A',
      description: 'B',
      response: { 200: Type.Null() },
      problems: [429]
    }
  })
  const guesses: Routes = async function guesses(app) {
    const shared = app.limitAttempts()
    app.get('', { ...schema('readGuess'), onRequest: app.limitAttempts() }, async () => null)
    app.post('/:id', { ...schema('makeGuess'), onRequest: [shared] }, async () => null)
    app.get('/free', schema('readFree'), async () => null)
  }
  const careless: Routes = async function careless(app) {
    app.get(
      '',
      { ...schema('careless'), onRequest: [async (_request, reply) => reply.send(null), app.limitAttempts()] },
      async () => null
    )
    const seen = new Set<string>()
    async function once({ method, client }: FastifyRequest): Promise<void> {
      const name = `${method} ${client.prefix}`
      if (seen.has(name)) throw problems.tooManyRequests(1)
      seen.add(name)
    }
    app.get('/once', { ...schema('once'), onRequest: [app.limitAttempts(), once] }, async () => null)
  }
  const product = defineProduct({
    routes: {
      public: [{ prefix: '/api/public-guesses', routes: guesses }],
      authenticated: [{ prefix: '/api/careless', routes: careless }]
    }
  })
  const settings = { RATE_LIMIT_ENABLED: 'true', RATE_LIMIT_AUTH: '3' }
  const kit = await buildTestApp(product, { settings, databaseUrl })
  t.teardown(kit.close)
  const user = await kit.signUp()
  const found = await limitFaults(kit, user)
  const methods = ['GET', 'HEAD']
  t.strictSame(found, [
    ...methods.map((method) => `${method} /api/careless: 200, 200, 200, 200, 200`),
    ...methods.map((method) => `${method} /api/careless/once: 200, 429, 429, 429, 200`)
  ])
  t.match(
    await limitFaults(
      { ...kit, config: { ...kit.config, rateLimit: { ...kit.config.rateLimit, enabled: false } } },
      user
    ),
    [/limits are off/]
  )
})
