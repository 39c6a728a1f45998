import { mock } from 'node:test'
import { test } from 'tap'
import { comparable } from '../../packages/gatehouse/src/checks/isolation.ts'
import { exampleOf, readOpenApi } from '../../packages/gatehouse/src/openapi.ts'
import { at, fill, profiles, readProfile } from '../../packages/gatehouse/src/profiles.ts'
import { missingId } from '../../packages/gatehouse/src/run.ts'

test('a profile changes a known one, and takes secrets from the environment', (t) => {
  const text = JSON.stringify({
    extends: 'gatehouse',
    forgot: null,
    accounts: [{ email: 'ann@example.com', password: `\${SECRET}` }]
  })
  const profile = readProfile(text, { SECRET: 'quote " and \\' })
  t.match(profile, { me: profiles.gatehouse?.me, accounts: [{ password: 'quote " and \\' }] })
  t.notOk('forgot' in profile)
  t.throws(() => readProfile(text, {}), { message: 'not set in the environment: SECRET' })
  t.end()
})

test('a wrong profile is refused with what is wrong', (t) => {
  const me = { path: '/me' }
  const credential = { cookies: true }
  const wrong: [unknown, RegExp][] = [
    [[], /is not a JSON object/],
    [{ unknown: 1 }, /unknown is unknown\. Known are extends, openapi/],
    [{ signIn: { path: 'login' } }, /signIn must be an object with a path/],
    [{ openapi: 5 }, /openapi must be a text/],
    [{ extends: 'other' }, /extends "other": known are gatehouse, better-auth/],
    [{ me }, /me and credential are required/],
    [{ me, credential }, /signUp or accounts is required/]
  ]
  for (const [profile, message] of wrong) t.throws(() => readProfile(JSON.stringify(profile), {}), { message })
  t.throws(() => readProfile('{', {}), SyntaxError)
  t.end()
})

test('placeholders in a body are filled in, and values are found by their path', (t) => {
  const body = { a: '{email}', list: ['{name}', 5], other: '{unknown}' }
  t.strictSame(fill(body, { email: 'e', name: 'n' }), { a: 'e', list: ['n', 5], other: '{unknown}' })
  t.strictSame([at({ a: { b: 1 } }, 'a.b'), at(null, 'a'), at({ a: 1 }, undefined)], [1, undefined, undefined])
  t.end()
})

test('the operations of an OpenAPI document have their path, parameters, body and security', (t) => {
  const { operations } = readOpenApi({
    servers: [{ url: 'https://api.example.com/v1/' }],
    security: [{ bearer: [] }],
    components: { parameters: { id: { name: 'id', in: 'path', required: true, schema: { type: 'integer' } } } },
    paths: {
      '/notes/{id}': {
        parameters: [{ $ref: '#/components/parameters/id' }],
        get: {},
        post: {
          security: [],
          requestBody: { content: { 'application/merge-patch+json': { schema: { type: 'object' } } } }
        },
        delete: { security: [{}, { bearer: [] }] },
        'x-more': {}
      }
    }
  })
  t.strictSame(
    operations.map(({ method, path, isProtected, body }) => [method, path, isProtected, body !== undefined]),
    [
      ['GET', '/v1/notes/{id}', true, false],
      ['POST', '/v1/notes/{id}', false, true],
      ['DELETE', '/v1/notes/{id}', false, false]
    ]
  )
  t.match(operations[0]?.parameters, [{ name: 'id', in: 'path', required: true, schema: { type: 'integer' } }])
  t.strictSame(readOpenApi('no document').operations, [])
  t.end()
})

test('an example of a schema has what the schema requires', (t) => {
  const { resolve } = readOpenApi({ components: { schemas: { Name: { type: 'string', minLength: 3, maxLength: 5 } } } })
  const schema = {
    required: ['name', 'tags', 'kind', 'count', 'part'],
    properties: {
      name: { $ref: '#/components/schemas/Name' },
      tags: { type: 'array', minItems: 2, items: { enum: ['a', 'b'] } },
      kind: { anyOf: [{ const: 'x' }, { type: 'null' }] },
      count: { type: ['integer', 'null'], minimum: 7 },
      part: {
        allOf: [
          { required: ['on'], properties: { on: { type: 'boolean' } } },
          { required: ['id'], properties: { id: { type: 'string', format: 'uuid' } } }
        ]
      },
      optional: { type: 'string' }
    }
  }
  t.strictSame(exampleOf(schema, resolve), {
    name: 'Gateh',
    tags: ['a', 'a'],
    kind: 'x',
    count: 7,
    part: { on: true, id: '00000000-0000-4000-8000-000000000000' }
  })
  t.strictSame(exampleOf({ properties: { first: { type: 'null' }, second: {} } }, resolve), { first: null })
  t.end()
})

test('an id that belongs to nothing has the form of one that does', (t) => {
  t.match(missingId({}, '0193aaaa-0000-7000-8000-00000000000a'), /^0193aaaa-[\da-f]{4}-4[\da-f]{3}-/)
  t.equal(missingId({}, '17'), '2147483000')
  t.equal(missingId({ type: 'integer', maximum: 100 }), '100')
  t.match(missingId({}, 'aB3d-E6gH'), /^\w{4}-\w{4}$/)
  t.end()
})

test('the id made up for a missing resource never equals the existing short id', (t) => {
  t.teardown(() => mock.reset())
  for (let part = 0; part < 1; part += 1 / 64) {
    mock.method(Math, 'random', () => part)
    for (const id of ['a', 'Z', '9f', '_']) t.not(missingId({}, id).toLowerCase(), id.toLowerCase())
    mock.reset()
  }
  t.end()
})

test('answers about a short id and a missing one are compared without both', (t) => {
  const answer = (id: string) => ({ status: 404, text: `{"detail":"there is no note ${id}"}` })
  for (const id of ['4', '0', '21']) {
    const absent = missingId({}, id)
    t.equal(comparable(answer(id), [id, absent]), comparable(answer(absent), [id, absent]))
  }
  t.end()
})
