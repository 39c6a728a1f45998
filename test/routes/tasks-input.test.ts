import t, { test } from 'tap'
import { startApp } from '../helpers/app.ts'
import { pointersOf } from '../helpers/refused.ts'

const { signUp } = await startApp(t)
const ann = await signUp()
const json = { headers: { 'content-type': 'application/json' } }
const create = async () => (await ann.post('/api/tasks', { title: 'Milk' })).json()
const count = async () => (await ann.get('/api/tasks?limit=100')).json().items.length

const texts: [string, unknown, number, string][] = [
  ['no title', {}, 400, '/title'],
  ['an empty title', { title: '' }, 400, '/title'],
  ['a blank title', { title: ' \t\n\u{a0}\u{3000}' }, 400, '/title'],
  ['a title of 200 characters beyond the BMP', { title: '\u{1f600}'.repeat(200) }, 201, ''],
  ['a title of 201 characters', { title: 'x'.repeat(201) }, 400, '/title'],
  ['a title that is a number', { title: 5 }, 400, '/title'],
  ['a title that is null', { title: null }, 400, '/title'],
  ['a title that is a list', { title: ['x'] }, 400, '/title'],
  ['a title of 1e21', '{"title":1e21}', 400, '/title'],
  ['a title with U+0000', { title: 'a\0b' }, 400, '/title'],
  ['a title with a lone surrogate', '{"title":"a\\ud800b"}', 400, '/title'],
  ['a description of 10,000 characters', { title: 'x', description: 'd'.repeat(10_000) }, 201, ''],
  ['a description of 10,001 characters', { title: 'x', description: 'd'.repeat(10_001) }, 400, '/description'],
  ['a description that is a number', { title: 'x', description: 1 }, 400, '/description'],
  ['a description with U+0000', { title: 'x', description: '\0' }, 400, '/description'],
  ['a description with a lone surrogate', '{"title":"x","description":"\\udfff"}', 400, '/description'],
  ['an unknown key', { title: 'x', colour: 'red' }, 400, '/colour'],
  ['an id', { title: 'x', id: crypto.randomUUID() }, 400, '/id'],
  ['an owner', { title: 'x', user_id: crypto.randomUUID() }, 400, '/user_id'],
  ['a completion at birth', { title: 'x', completed: true }, 400, '/completed'],
  ['a key with a slash', { title: 'x', 'a/b~c': 1 }, 400, '/a~1b~0c'],
  ['a list', [], 400, ''],
  ['null', 'null', 400, ''],
  ['nothing', '', 400, ''],
  ['a string', '"x"', 400, '']
]
for (const [what, body, status, pointer] of texts)
  test(`a new task with ${what}: ${status}`, async (t) => {
    const before = await count()
    const answer = await ann.post('/api/tasks', body, typeof body === 'string' ? json : {})
    t.equal(answer.statusCode, status)
    t.equal(await count(), before + (status === 201 ? 1 : 0))
    if (status === 201) t.match(answer.json(), body as object)
    else {
      t.match(answer.json(), { code: 'validation_failed' })
      t.strictSame(pointersOf(answer), [pointer])
    }
    if (status === 201) await ann.delete(`/api/tasks/${answer.json().id}`)
  })

test('blanks around a title are removed, those in a description are kept', async (t) => {
  const sent = { title: ' \t Milk and\u{a0}eggs\u{3000}\n', description: ' two\n' }
  const kept = { title: 'Milk and\u{a0}eggs', description: ' two\n' }
  const task = (await ann.post('/api/tasks', sent)).json()
  t.match(task, kept)
  t.match((await ann.get(`/api/tasks/${task.id}`)).json(), kept)
  t.match((await ann.put(`/api/tasks/${task.id}`, { title: ' Tea ' })).json(), { title: 'Tea' })
  const once = { headers: { 'idempotency-key': 'trimmed' } }
  for (const title of [' Bread ', 'Bread'])
    t.match((await ann.post('/api/tasks', { title }, once)).json(), { title: 'Bread' })
})

test('prototype keys are refused and have no effect', async (t) => {
  const before = await count()
  for (const body of ['{"title":"x","__proto__":{"completed":true}}', '{"title":"x","constructor":{"prototype":{}}}'])
    t.equal((await ann.post('/api/tasks', body, json)).statusCode, 400)
  t.equal(await count(), before)
  t.notOk('completed' in {})
})

const changes: [string, object, string][] = [
  ['PUT', { completed: 'true' }, '/completed'],
  ['PUT', { completed: null }, '/completed'],
  ['PUT', { title: null }, '/title'],
  ['PUT', { title: ' ' }, '/title'],
  ['PUT', { created_at: '2026-01-01T00:00:00.000Z' }, '/created_at'],
  ['PATCH', { completed: 1 }, '/completed'],
  ['PATCH', { completed: null }, '/completed'],
  ['PATCH', { complete: true }, '/complete'],
  ['PATCH', [], '']
]
for (const [method, body, pointer] of changes)
  test(`${method} with ${JSON.stringify(body)} changes nothing`, async (t) => {
    const task = await create()
    const url = `/api/tasks/${task.id}`
    const answer = await (method === 'PUT' ? ann.put(url, body) : ann.patch(`${url}/complete`, body))
    t.equal(answer.statusCode, 400)
    t.match(answer.json().errors[0], { pointer })
    t.strictSame((await ann.get(url)).json(), task)
  })

const id = '0192f0c1-0000-7000-8000-000000000000'
for (const wrong of [`urn:uuid:${id}`, `{${id}}`, '', '1', `${id}x`, id.replaceAll('-', ''), `${id}%00`, "'--"])
  test(`${JSON.stringify(wrong)} is no task's id`, async (t) => {
    for (const answer of [
      await ann.get(`/api/tasks/${wrong}`),
      await ann.put(`/api/tasks/${wrong}`, {}),
      await ann.patch(`/api/tasks/${wrong}/complete`),
      await ann.delete(`/api/tasks/${wrong}`)
    ]) {
      t.equal(answer.statusCode, 400)
      t.strictSame(pointersOf(answer), ['/id'])
    }
  })
