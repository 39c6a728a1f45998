import fp from 'fastify-plugin'
import { type Test, test } from 'tap'
import { defineProblem, defineProduct, type Routes, ref, sql, Type } from '../../src/index.ts'
import { isReserved } from '../../src/product/product.ts'
import { routesOf } from '../../src/testing/routes.ts'
import { promoted } from '../helpers/admins.ts'
import { startApp } from '../helpers/app.ts'
import { product as notes } from './notes/product.ts'
import { Note } from './notes/schemas.ts'

const logged = (lines: object[], message: RegExp) => lines.some((line) => message.test(JSON.stringify(line)))
const described = { tags: ['mistakes'], summary: 'A', description: 'B' }
const response = { 200: Type.Object({ id: Type.String() }) }
const mounted = (prefix: string, routes: Routes, list: 'public' | 'authenticated' | 'admin' = 'public') =>
  defineProduct({ routes: { [list]: [{ prefix, routes }] } })

test('a handler that returns nothing where a body is promised gets a 500 that is logged', async (t) => {
  const routes: Routes = async function forgetful(app) {
    const schema = { ...described, response: { ...response, 204: Type.Null(), 304: Type.Null() } }
    app.get('/forgotten', { schema: { ...schema, operationId: 'forget' } }, async () => undefined as never)
    app.get('/created', { schema: { ...schema, operationId: 'create' } }, async (_request, reply) =>
      reply.code(201 as 200).send(undefined as never)
    )
    app.delete('', { schema: { ...schema, operationId: 'remove' } }, async (_request, reply) =>
      reply.code(204).send(undefined as never)
    )
    app.get('/same', { schema: { ...schema, operationId: 'same' } }, async (_request, reply) =>
      reply.code(304).send(undefined as never)
    )
    app.get('/moved', { schema: { ...schema, operationId: 'move' } }, async (_request, reply) => reply.redirect('/x'))
  }
  const { app, lines } = await startApp(t, { product: mounted('/api/forgetful', routes) })
  for (const method of ['GET', 'HEAD'] as const)
    t.equal((await app.inject({ method, url: '/api/forgetful/forgotten' })).statusCode, 500, method)
  t.equal((await app.inject('/api/forgetful/forgotten')).json().code, 'internal_error')
  t.ok(logged(lines, /GET \/api\/forgetful\/forgotten returned nothing, and promises a body/))
  t.equal((await app.inject('/api/forgetful/created')).statusCode, 201, 'a status that promises nothing')
  t.equal((await app.inject({ method: 'DELETE', url: '/api/forgetful' })).statusCode, 204)
  t.equal((await app.inject('/api/forgetful/same')).statusCode, 304)
  t.equal((await app.inject('/api/forgetful/moved')).statusCode, 302)
})

test('a handler that returns null in place of an object or a list gets a 500 that is logged', async (t) => {
  const answers = {
    object: Type.Object({}),
    array: Type.Array(Type.String()),
    named: ref(Note),
    nothing: Type.Null(),
    either: Type.Union([Type.Object({}), Type.Null()])
  }
  const routes: Routes = async function empty(app) {
    for (const [name, schema] of Object.entries(answers))
      app.get(`/${name}`, { schema: { hide: true, response: { 200: schema } } }, async () => null as never)
  }
  const { app, lines } = await startApp(t, { product: mounted('/api/empty', routes) })
  for (const name of ['object', 'array', 'named'])
    t.equal((await app.inject(`/api/empty/${name}`)).json().code, 'internal_error', name)
  t.ok(logged(lines, /GET \/api\/empty\/named returned null, and promises a body/))
  for (const name of ['nothing', 'either']) t.equal((await app.inject(`/api/empty/${name}`)).statusCode, 200, name)
})

test('routes that fastify-plugin wraps keep their prefix', async (t) => {
  const wrapped: Routes = fp(async (app) => {
    app.get('/wrapped', { schema: { hide: true } }, async () => 'x')
    app.get('', { schema: { hide: true } }, async () => app.prefix)
  })
  const { app, signUp } = await startApp(t, {
    product: defineProduct({ routes: { authenticated: [{ prefix: '/api/kept', routes: wrapped }] } })
  })
  t.equal((await app.inject('/wrapped')).statusCode, 404)
  t.equal((await app.inject('/api/kept/wrapped')).statusCode, 401)
  const ann = await signUp()
  t.equal((await ann.get('/api/kept/wrapped')).payload, 'x')
  t.equal((await ann.get('/api/kept')).payload, '/api/kept')
})

test('two operations with one name stop the start', async (t) => {
  const twice = (...urls: string[]): Routes =>
    async function twice(app) {
      for (const url of urls)
        app.get(url, { schema: { ...described, operationId: 'getIt', response } }, async () => ({ id: '' }))
    }
  await t.rejects(
    startApp(t, { product: mounted('/api/twice', twice('/a', '/b')) }),
    /GET \/api\/twice\/b has the operationId getIt, as GET \/api\/twice\/a has/
  )
  const ours: Routes = async function ours(app) {
    app.get('', { schema: { ...described, operationId: 'getProfile', response } }, async () => ({ id: '' }))
  }
  await t.rejects(
    startApp(t, { product: mounted('/api/mine', ours) }),
    /has the operationId getProfile, as GET \/api\/auth\/profile/
  )
  const hidden: Routes = async function hidden(app) {
    for (const url of ['/a', '/b'])
      app.get(url, { schema: { operationId: 'getIt', hide: true } }, async () => ({ id: '' }))
  }
  await startApp(t, { product: mounted('/api/hidden', hidden) })
})

test('a route of a product below a path of Gatehouse stops the start', async (t) => {
  const routes: Routes = async function intruding(app) {
    app.get('', { schema: { ...described, operationId: 'intrude', response } }, async () => ({ id: '' }))
  }
  const refused = [
    ...[
      '/api/auth',
      '/api/auth/mine',
      '/api/revocations',
      '/api/admin/users/mine',
      '/api/admin/events',
      '/health/mine'
    ],
    ...['/docs/mine', '/openapi.json', '/.well-known/jwks.json', '/.well-known/gatehouse-mine']
  ]
  for (const prefix of refused)
    await t.rejects(startApp(t, { product: mounted(prefix, routes) }), /GET .* is below a path of Gatehouse/, prefix)
  for (const prefix of ['/api/authors', '/api/admin/notes', '/healthy', '/.well-known/apple-app-site-association'])
    t.equal(isReserved(prefix), false, prefix)
})

test('every path of Gatehouse is reserved', async (t) => {
  const { app } = await startApp(t, { product: {} })
  const others = routesOf(app).filter(({ method, path }) => method !== 'OPTIONS' && !isReserved(path))
  t.strictSame(others, [])
})

test('an error with a status has this status, and its message is only in the log', async (t) => {
  const statuses = {
    400: 'malformed_request',
    401: 'not_authenticated',
    403: 'forbidden',
    404: 'not_found',
    408: 'request_timeout',
    409: 'request_refused',
    410: 'request_refused',
    412: 'precondition_failed',
    413: 'payload_too_large',
    415: 'unsupported_media_type',
    422: 'request_refused',
    429: 'too_many_requests',
    499: 'request_refused',
    503: 'unavailable'
  }
  const faults = [200, 302, 399, 500, 502, 600, -1, Number.NaN, 404.5, '404']
  const routes: Routes = async function failing(app) {
    for (const statusCode of [...Object.keys(statuses).map(Number), ...faults])
      app.get(`/${statusCode}-${typeof statusCode}`, { schema: { hide: true } }, async () => {
        throw Object.assign(new Error(`a secret of ${statusCode}`), { statusCode })
      })
  }
  const { app, lines } = await startApp(t, { product: mounted('/api/failing', routes) })
  for (const [status, code] of Object.entries(statuses)) {
    const answer = await app.inject(`/api/failing/${status}-number`)
    t.match(answer.json(), { status: Number(status), code, detail: /^[A-Z]/ }, status)
    t.equal(answer.statusCode, Number(status))
    t.notMatch(answer.body, /secret/)
  }
  t.ok(logged(lines, /a secret of 409/))
  t.ok((await app.inject('/api/failing/429-number')).headers['retry-after'])
  t.ok((await app.inject('/api/failing/401-number')).headers['www-authenticate'])
  for (const fault of faults) {
    const { statusCode, body } = await app.inject(`/api/failing/${fault}-${typeof fault}`)
    t.equal(statusCode, 500, String(fault))
    t.notMatch(body, /secret/)
  }
})

test('tables and columns of personalData that do not exist stop the start', async (t) => {
  const start = (t: Test, section: object) =>
    startApp(t, { product: { ...notes, personalData: { ...notes.personalData, ...section } } as never })
  const columns = ['id']
  const by = ['id', 'uuid']
  for (const [section, message] of [
    [
      { notess: { columns, by } },
      'personalData.notess of the product cannot be read: relation "notess" does not exist'
    ],
    [{ product_notes: { columns: ['ident'], by } }, 'column "ident" does not exist'],
    [{ product_notes: { columns, by: ['ident', 'uuid'] } }, 'column "ident" does not exist'],
    [{ product_notes: { columns, by: ['id', 'bigint'] } }, 'operator does not exist: uuid > bigint'],
    [{ product_notes: { columns, by, owner: 'owner_id' } }, 'column "owner_id" does not exist']
  ] as const)
    await t.test(message, (t) => t.rejects(start(t, section), new RegExp(message)))
})

test('a product whose usage numbers cannot be read does not start', async (t) => {
  const start = (t: Test, read: () => Promise<object>) =>
    startApp(t, { product: { ...notes, usage: { numbers: { notes: 'How many' }, read } } as never })
  await t.test('an error', (t) => {
    const read = async () => {
      throw new Error('no such table')
    }
    return t.rejects(start(t, read), /usage.read of the product fails: no such table/)
  })
  const shown = {
    'the text "1": write count\\(\\*\\)::int': '1',
    '1.5': 1.5,
    undefined: undefined,
    null: null,
    '1n': 1n
  }
  for (const [told, value] of Object.entries(shown))
    await t.test(told, (t) =>
      t.rejects(
        start(t, async () => ({ notes: value })),
        new RegExp(`usage.read of the product gives no whole number for notes, but ${told}$`)
      )
    )
})

async function showUsage(t: Test, isComplete = false) {
  const given = { notes: 2, more: 'text' as unknown as number }
  let isBroken = false
  const product = defineProduct({
    usage: {
      isComplete,
      numbers: { notes: 'How many notes there are' },
      async read() {
        if (isBroken) throw new Error('a table is locked')
        return given
      }
    }
  })
  product.migrations = { getMigrations: async () => ({}) }
  const { app, signUp, lines } = await startApp(t, { product })
  const ann = await signUp()
  const { token } = await promoted(app, await signUp())
  const url = `/api/admin/users/${ann.id}`
  const show = async () => (await app.inject({ url, headers: { authorization: `Bearer ${token}` } })).json()
  t.strictSame((await show()).usage, { notes: 2 })
  isBroken = true
  return { shown: await show(), lines }
}

test('an operator sees an account although the usage numbers of the product cannot be read', async (t) => {
  const { shown, lines } = await showUsage(t)
  t.strictSame(shown.usage, {})
  t.ok(logged(lines, /a table is locked/))
})

test('an account answers 500 if a usage number that the contract requires cannot be read', async (t) => {
  const { shown, lines } = await showUsage(t, true)
  t.equal(shown.code, 'internal_error')
  t.ok(logged(lines, /a table is locked/))
})

test('a request that breaks a constraint of a product gets its problem', async (t) => {
  const given = {
    status: 409,
    code: 'note_taken',
    detail: 'There is such a note already',
    constraint: 'product_notes_text'
  }
  const noteTaken = defineProblem(given)
  const product = { ...notes, problems: [...(notes.problems ?? []), noteTaken] }
  const { app, signUp } = await startApp(t, { product })
  await sql`alter table product_notes add constraint product_notes_text unique (user_id, text)`.execute(app.db)
  const [ann, ben] = [await signUp(), await signUp()]
  t.equal((await ann.post('/api/notes', { text: 'Milk' })).statusCode, 201)
  const { detail, code } = given
  t.match((await ann.post('/api/notes', { text: 'Milk' })).json(), { status: 409, code, detail })
  t.equal((await ben.post('/api/notes', { text: 'Milk' })).statusCode, 201)
})
