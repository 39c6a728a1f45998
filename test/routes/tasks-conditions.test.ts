import t, { test } from 'tap'
import { startApp } from '../helpers/app.ts'
import { countQueries } from '../helpers/queries.ts'

const { app, signUp } = await startApp(t)
const [ann, ben] = [await signUp(), await signUp()]
const queriesOf = countQueries(t, app)

async function create(title = 'Milk') {
  const answer = await ann.post('/api/tasks', { title })
  return { url: `/api/tasks/${answer.json().id}`, etag: String(answer.headers.etag), task: answer.json() }
}
const ifMatch = (value: string) => ({ headers: { 'if-match': value } })

/** Every way to change or delete a task. */
const changes = {
  'PUT /:id': (url: string, value: string) => ann.put(url, { title: 'Oats' }, ifMatch(value)),
  'PATCH /:id/complete, setting': (url: string, value: string) =>
    ann.patch(`${url}/complete`, { completed: true }, ifMatch(value)),
  'PATCH /:id/complete, toggling': (url: string, value: string) =>
    ann.patch(`${url}/complete`, undefined, ifMatch(value)),
  'DELETE /:id': (url: string, value: string) => ann.delete(url, undefined, ifMatch(value))
}

test('every answer with a task has its ETag, a new one after each change', async (t) => {
  const { url, etag, task } = await create()
  const answers = [
    await ann.get(url),
    await ann.put(url, { title: 'Oats' }),
    await ann.patch(`${url}/complete`),
    await ann.put(url, {}),
    await ann.patch(`${url}/complete`, { completed: true })
  ]
  const [read, ...changed] = answers.map(({ headers }) => String(headers.etag))
  t.equal(read, etag)
  t.equal(new Set([etag, ...changed]).size, 5)
  t.equal((await ann.get(`/api/users/${ann.id}/tasks/${task.id}`)).headers.etag, changed.at(-1))
  t.equal((await ann.head(url)).headers.etag, changed.at(-1))
})

for (const [name, change] of Object.entries(changes)) {
  test(`${name} changes a task whose version matches`, async (t) => {
    for (const header of ['*', 'its own', 'one of two']) {
      const { url, etag } = await create()
      const value = { '*': '*', 'its own': etag }[header] ?? `"x", ${etag}`
      const apply = async () => t.match(await change(url, value), { statusCode: /^20[04]$/ }, header)
      t.equal(await queriesOf(apply), 1, 'in one statement')
    }
  })

  test(`${name} does not change a task with another version`, async (t) => {
    const { url, etag } = await create()
    const now = (await ann.put(url, { title: 'changed by somebody' })).json()
    for (const value of [etag, `W/"${now.updated_at}"`, '"x"', '"2026-02-30T00:00:00.000Z"'])
      t.match((await change(url, value)).json(), { status: 412, code: 'precondition_failed' }, value)
    t.match((await change(url, now.updated_at)).json(), { status: 400, code: 'malformed_request' })
    t.strictSame((await ann.get(url)).json(), now)
  })

  test(`${name}: a missing or foreign task answers 404, whatever the header`, async (t) => {
    const { url, etag } = await create()
    const foreign = (await ben.post('/api/tasks', { title: 'of Ben' })).json()
    await ann.delete(url)
    for (const value of ['*', etag, '"x"']) t.equal((await change(url, value)).statusCode, 404, value)
    for (const value of ['*', `"${foreign.updated_at}"`, '"x"'])
      t.equal((await change(`/api/tasks/${foreign.id}`, value)).statusCode, 404, value)
    t.strictSame((await ben.get(`/api/tasks/${foreign.id}`)).json(), foreign)
  })
}

test('of concurrent changes of the same version one succeeds', async (t) => {
  const { url, etag } = await create()
  const titles = Array.from({ length: 10 }, (_, i) => `by client ${i}`)
  const answers = await Promise.all(titles.map((title) => ann.put(url, { title }, ifMatch(etag))))
  const [winner, ...more] = answers.filter(({ statusCode }) => statusCode === 200)
  t.equal(more.length, 0)
  t.equal(answers.filter(({ statusCode }) => statusCode === 412).length, 9)
  t.strictSame((await ann.get(url)).json(), winner?.json())
})

test('a client with the current version gets 304', async (t) => {
  const { url, etag } = await create()
  for (const value of [etag, `W/${etag}`, '*', `"x", ${etag}`])
    for (const ask of [ann.get, ann.head]) {
      const answer = await ask(url, undefined, { headers: { 'if-none-match': value } })
      t.strictSame([answer.statusCode, answer.body, answer.headers.etag], [304, '', etag], value)
    }
  const changed = (await ann.patch(`${url}/complete`)).json()
  for (const value of [etag, '"x"', changed.updated_at]) {
    const answer = await ann.get(url, undefined, { headers: { 'if-none-match': value } })
    t.strictSame([answer.statusCode, answer.json()], [200, changed], value)
  }
  await ann.delete(url)
  t.equal((await ann.get(url, undefined, { headers: { 'if-none-match': '*' } })).statusCode, 404)
})
