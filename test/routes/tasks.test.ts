import { sql } from 'kysely'
import t, { test } from 'tap'
import { startApp } from '../helpers/app.ts'

const { app, signUp } = await startApp(t)
const ann = await signUp()
const json = { headers: { 'content-type': 'application/json' } }
const create = async (body: object = { title: 'Milk' }) => (await ann.post('/api/tasks', body)).json()

test('a task is created, found at its Location, changed and deleted', async (t) => {
  const answer = await ann.post('/api/tasks', { title: 'Milk \u{1f95b}', description: '2 l\n"whole"' })
  const task = answer.json()
  t.equal(answer.statusCode, 201)
  t.equal(answer.headers.location, `/api/tasks/${task.id}`)
  t.match(task, { title: 'Milk \u{1f95b}', description: '2 l\n"whole"', completed: false })
  t.match(task.id, /^[0-9a-f]{8}-[0-9a-f]{4}-7/)
  t.match(task.created_at, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
  t.equal(task.updated_at, task.created_at)
  t.strictSame((await ann.get(`${answer.headers.location}`)).json(), task)
  t.strictSame((await ann.get(`/api/tasks/${task.id.toUpperCase()}`)).json(), task)

  const removed = await ann.delete(`/api/tasks/${task.id}`)
  t.strictSame([removed.statusCode, removed.body], [204, ''])
  for (const again of [ann.get, ann.delete]) t.equal((await again(`/api/tasks/${task.id}`)).statusCode, 404)
})

test('without a description a task has none', async (t) => {
  t.equal((await create()).description, null)
  t.equal((await create({ title: 'Milk', description: null })).description, null)
  t.equal((await create({ title: 'Milk', description: '' })).description, '')
})

test('omitted fields are not changed', async (t) => {
  let task = await create({ title: 'Milk', description: 'whole' })
  const url = `/api/tasks/${task.id}`
  const patches = [{ completed: true }, { title: 'Oats' }, { description: null }, {}, { title: 'A', completed: false }]
  for (const patch of patches) {
    const after = (await ann.put(url, patch)).json()
    t.ok(after.updated_at > task.updated_at, `${JSON.stringify(patch)} moves the time of the change`)
    t.strictSame(after, { ...task, ...patch, updated_at: after.updated_at })
    t.strictSame((await ann.get(url)).json(), after)
    task = after
  }
})

test('completing toggles without a body and sets with one', async (t) => {
  const url = `/api/tasks/${(await create()).id}/complete`
  const calls: [unknown, object, boolean][] = [
    [undefined, {}, true],
    [undefined, {}, false],
    [undefined, json, true],
    ['', json, false],
    [{}, {}, true],
    [{ completed: false }, {}, false],
    [{ completed: true }, {}, true],
    [{ completed: true }, {}, true]
  ]
  for (const [body, options, completed] of calls) {
    const answer = await ann.patch(url, body, options)
    t.strictSame([answer.statusCode, answer.json().completed], [200, completed], JSON.stringify(body))
  }
})

test('concurrent toggles all count', async (t) => {
  const { id } = await create()
  const answers = await Promise.all(Array.from({ length: 21 }, () => ann.patch(`/api/tasks/${id}/complete`)))
  t.equal(answers.filter((answer) => answer.json().completed).length, 11)
  t.equal((await ann.get(`/api/tasks/${id}`)).json().completed, true)
})

test('of concurrent deletions of one task one succeeds', async (t) => {
  const { id } = await create()
  const answers = await Promise.all(Array.from({ length: 10 }, () => ann.delete(`/api/tasks/${id}`)))
  t.equal(answers.filter(({ statusCode }) => statusCode === 204).length, 1)
  t.equal(answers.filter(({ statusCode }) => statusCode === 404).length, 9)
})

test('a deleted user cannot add a task, and must log in', async (t) => {
  const ghost = await signUp()
  // Without the trigger the token is not yet known to be revoked.
  await sql`alter table sessions disable trigger revoke`.execute(app.db)
  await app.db.deleteFrom('users').where('id', '=', ghost.id).execute()
  await sql`alter table sessions enable trigger revoke`.execute(app.db)
  const answer = await ghost.post('/api/tasks', { title: 'boo' })
  t.equal(answer.statusCode, 401)
  t.match(answer.headers['www-authenticate'], 'error="invalid_token"')
  t.strictSame((await ghost.get('/api/tasks')).json(), { items: [], next_cursor: null })
})

test('an error is answered without its cause and logged without the request body', async (t) => {
  const { app, signUp, lines } = await startApp(t)
  const ben = await signUp()
  await app.db.schema.alterTable('tasks').renameTo('elsewhere').execute()
  const answer = await app.inject({
    method: 'POST',
    url: '/api/tasks',
    headers: { authorization: `Bearer ${ben.token}` },
    payload: { title: 'hush-hush' }
  })
  t.equal(answer.statusCode, 500)
  t.notMatch(answer.body, /relation|elsewhere|tasks/)
  const logged = lines.find((line) => line.request_id === answer.json().request_id && line.err)
  t.match(logged, { err: { code: '42P01', message: /does not exist/ } })
  t.notMatch(JSON.stringify(lines), 'hush-hush')
})
