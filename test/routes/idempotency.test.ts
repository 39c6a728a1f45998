import t, { test } from 'tap'
import { startApp } from '../helpers/app.ts'
import { fresh, keyed, milk } from '../helpers/keyed.ts'
import { countQueries } from '../helpers/queries.ts'

const { app, signUp } = await startApp(t)
const [ann, ben] = [await signUp(), await signUp()]
const { create, count } = keyed(ann)

test('a repeated request gets the first answer, and nothing happens twice', async (t) => {
  for (const url of ['/api/tasks', `/api/users/${ann.id}/tasks`, '/api/tasks?from=retry']) {
    const [key, before] = [fresh(), await count()]
    const first = await create(key, milk, { url })
    t.equal(first.statusCode, 201)
    t.notOk('idempotency-replayed' in first.headers)
    t.equal(first.headers.location, `${url.replace(/\?.*/, '')}/${first.json().id}`)
    t.strictSame((await ann.get(`/api/tasks/${first.json().id}`)).json(), first.json())
    for (const body of [milk, { description: milk.description, title: milk.title }]) {
      const again = await create(key, body, { url })
      t.equal(again.statusCode, 201)
      t.equal(again.headers['idempotency-replayed'], 'true')
      t.equal(again.body, first.body, 'the same bytes')
      for (const name of ['location', 'etag', 'content-type']) t.equal(again.headers[name], first.headers[name], name)
    }
    t.equal(await count(), before + 1)
  }
})

test('a replayed answer does not depend on later changes or the deletion of the task', async (t) => {
  const key = fresh()
  const first = await create(key, { title: 'Oats' })
  const { id } = first.json()
  await ann.put(`/api/tasks/${id}`, { title: 'changed', completed: true })
  t.equal((await create(key, { title: 'Oats' })).body, first.body)
  await ann.delete(`/api/tasks/${id}`)
  t.equal((await create(key, { title: 'Oats', description: null })).body, first.body)
  t.equal((await ann.get(`/api/tasks/${id}`)).statusCode, 404, 'nor does it come back')
})

test('another request under the same key is refused', async (t) => {
  const key = fresh()
  await create(key)
  const before = await count()
  const others = [{ title: 'Oats' }, { ...milk, title: 'Milk' }, { title: milk.title }, { ...milk, description: '' }]
  for (const body of others)
    t.match((await create(key, body)).json(), { status: 422, code: 'idempotency_mismatch' }, JSON.stringify(body))
  const elsewhere = await create(key, milk, { url: `/api/users/${ann.id}/tasks` })
  t.equal(elsewhere.json().code, 'idempotency_mismatch')
  t.equal(await count(), before)
})

test('without a key each request creates a task, and no answer says that it is replayed', async (t) => {
  const before = await count()
  for (const _ of [1, 2]) t.notOk('idempotency-replayed' in (await ann.post('/api/tasks', milk)).headers)
  t.equal(await count(), before + 2)
})

test('a key belongs to its user', async (t) => {
  const key = fresh()
  const hers = await create(key)
  const his = await create(key, milk, { as: ben })
  t.equal(his.statusCode, 201)
  t.not(his.json().id, hers.json().id)
  t.notOk('idempotency-replayed' in his.headers)
  t.equal((await create(key)).body, hers.body, 'hers again')
  t.equal((await create(key, milk, { as: ben })).body, his.body, 'his again')
})

test('a key may be quoted or not', async (t) => {
  for (const key of [
    '"a b!#~"',
    '"\\"\\\\"',
    `"${'k'.repeat(255)}"`,
    crypto.randomUUID(),
    'a',
    'MTIz+/=',
    'k'.repeat(255)
  ])
    t.equal((await create(key)).statusCode, 201, key)
  t.equal((await create('"with-or-without"')).body, (await create('with-or-without')).body)
})

test('a malformed key is refused, and nothing is created', async (t) => {
  const before = await count()
  const queriesOf = countQueries(t, app)
  const malformed = [
    '',
    ' ',
    '""',
    '"a',
    'a"',
    '"a"b',
    'a b',
    'a, b',
    '"a";p=1',
    '"a", "b"',
    '"\\a"',
    "'a'",
    '{}',
    'ä',
    '"ä"'
  ]
  const tryAll = async () => {
    for (const key of [...malformed, 'k'.repeat(256), `"${'k'.repeat(256)}"`])
      t.match((await create(key)).json(), { status: 400, code: 'malformed_request', detail: /Idempotency-Key/ }, key)
  }
  t.equal(await queriesOf(tryAll), 0)
  t.equal(await count(), before)
})

test('a refused request does not use up its key', async (t) => {
  const key = fresh()
  t.equal((await create(key, { title: '' })).json().code, 'validation_failed')
  t.equal(
    (await app.inject({ method: 'POST', url: '/api/tasks', headers: { 'idempotency-key': key } })).statusCode,
    401
  )
  t.equal((await create(key)).statusCode, 201)
})
