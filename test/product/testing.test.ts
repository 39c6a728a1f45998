import t, { test } from 'tap'
import { defineProduct, type Routes, Type } from '../../src/index.ts'
import { buildTestApp, leaks, openRoutes, scopeFaults } from '../../src/testing/index.ts'
import { product } from './notes/product.ts'

const databaseUrl = process.env.TEST_DATABASE_URL
const limits = ['GET /api/note-limits', 'HEAD /api/note-limits']

const { app, signUp, anyone, letters, close } = await buildTestApp(product, { databaseUrl })
t.teardown(close)
const [ann, ben] = [await signUp(), await signUp()]
const { id } = (await ann.post('/api/notes', { text: 'hers' })).json()

test('a product is tested with users, programs and admins', async (t) => {
  t.equal((await anyone.get(`/api/notes/${id}`)).statusCode, 401)
  t.equal((await (await ann.program(['notes:read'])).get(`/api/notes/${id}`)).json().text, 'hers')
  t.equal((await ben.get('/api/admin/notes/count')).statusCode, 403)
  const boss = await signUp({ email: 'boss@example.com', admin: true })
  t.strictSame((await boss.get('/api/admin/notes/count')).json(), { notes: 1 })
  await app.mail.sender?.idle()
  t.ok(letters.some(({ to }) => to === ann.email))
  await t.rejects(signUp({ email: 'boss@example.com' }), /boss@example.com cannot register: .*email_taken/)
  await t.rejects(ann.program(['notes:eat']), /No token for notes:eat: .*validation_failed/)
})

test('the sweeps find nothing in a sound product', async (t) => {
  t.strictSame(await openRoutes(app, limits), [])
  t.strictSame(
    await openRoutes(app),
    limits.map((route) => `${route}: 200`)
  )
  const urls = { '/api/notes/{id}': `/api/notes/${id}` }
  t.strictSame(await leaks(app, { stranger: ben, urls, bodies: { 'PUT /api/notes/{id}': { text: 'mine' } } }), [])
  t.strictSame(
    await leaks(app, { stranger: ben, urls: {} }),
    ['GET', 'HEAD', 'PUT', 'DELETE'].map((method) => `${method} /api/notes/{id}: urls has no /api/notes/{id}`)
  )
  t.strictSame(await scopeFaults(app, ann, product.scopes ?? []), [])
})

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
  const { app, signUp, close } = await buildTestApp(careless)
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
})

test('a test app that cannot start leaves nothing behind', async (t) => {
  await t.rejects(buildTestApp({ ...product, personalData: {} }), /the table product_notes/)
  await t.rejects(buildTestApp({ scopes: ['x'] }, { databaseUrl }), /must be like notes:read/)
})
