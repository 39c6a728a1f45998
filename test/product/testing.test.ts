import { test } from 'tap'
import { defineProduct, type Routes, Type } from '../../src/index.ts'
import { buildTestApp, leaks, openRoutes, scopeFaults } from '../../src/testing/index.ts'
import { product } from './notes/product.ts'

const databaseUrl = process.env.TEST_DATABASE_URL

test('the sweeps find what is wrong with a product', async (t) => {
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
  t.strictSame(
    found,
    ['GET', 'HEAD', 'PUT'].map((method) => `${method} /api/secrets/{id}: 200`)
  )
  const ann = await signUp()
  t.strictSame(await scopeFaults(app, ann, careless.scopes ?? []), [])
  const tokenless = { ...ann, program: async () => anyone }
  t.strictSame(await scopeFaults(app, tokenless, careless.scopes ?? []), [
    'GET /api/revocations: 401',
    'HEAD /api/revocations: 401',
    'GET /api/secrets/{id}: 401',
    'HEAD /api/secrets/{id}: 401'
  ])
})

test('a test app that cannot start leaves nothing behind', async (t) => {
  await t.rejects(buildTestApp({ ...product, personalData: {} }), /the table product_notes/)
  await t.rejects(buildTestApp({ scopes: ['x'] }, { databaseUrl }), /must be like notes:read/)
})
