import t, { test } from 'tap'
import { startApp } from '../helpers/app.ts'
import { pointersOf } from '../helpers/refused.ts'

const { app, signUp, anyone } = await startApp(t)
const [ann, ben] = [await signUp(), await signUp()]
const own = `/api/users/${ann.id}/tasks`

test('the six task routes answer the owner under /api/users/{user_id}/tasks', async (t) => {
  const created = await ann.post(own, { title: 'Milk' })
  const { id } = created.json()
  t.equal(created.statusCode, 201)
  t.equal(created.headers.location, `${own}/${id}`)
  t.match((await ann.get(`${own}/${id}`)).json(), { id, title: 'Milk' })
  t.match((await ann.put(`${own}/${id}`, { title: 'Oats' })).json(), { id, title: 'Oats' })
  t.match((await ann.patch(`${own}/${id}/complete`)).json(), { id, completed: true })
  t.match((await ann.get(`${own}?status=completed`)).json(), { items: [{ id }], next_cursor: null })
  t.strictSame((await ann.get(`/api/tasks/${id}`)).json(), (await ann.get(`${own}/${id}`)).json())
  t.equal((await ann.delete(`${own}/${id}`)).statusCode, 204)
  t.equal((await ann.get(`${own}/${id}`)).statusCode, 404)
})

test('a list continues across pages', async (t) => {
  const cleo = await signUp()
  const own = `/api/users/${cleo.id}/tasks`
  for (const title of ['a', 'b', 'c']) await cleo.post(own, { title })
  const first = (await cleo.get(`${own}?limit=2`)).json()
  const second = (await cleo.get(`${own}?limit=2&cursor=${first.next_cursor}`)).json()
  t.strictSame(
    [...first.items, ...second.items].map(({ title }) => title),
    ['c', 'b', 'a']
  )
  t.equal((await ben.get(`/api/users/${ben.id}/tasks?cursor=${first.next_cursor}`)).statusCode, 400)
})

test("the owner's id may be in upper case", async (t) => {
  const upper = `/api/users/${ann.id.toUpperCase()}/tasks`
  const { headers, statusCode } = await ann.post(upper, { title: 'loud' })
  t.equal(statusCode, 201)
  t.equal((await ann.get(`${headers.location}`)).statusCode, 200)
})

const task = (await ann.post(own, { title: 'private' })).json()
const calls = (user: typeof ann, base: string) => [
  () => user.get(base),
  () => user.head(base),
  () => user.post(base, { title: 'x' }),
  () => user.get(`${base}/${task.id}`),
  () => user.head(`${base}/${task.id}`),
  () => user.put(`${base}/${task.id}`, { title: 'x' }),
  () => user.patch(`${base}/${task.id}/complete`),
  () => user.delete(`${base}/${task.id}`)
]
const others = { another: ann.id, 'an unknown': crypto.randomUUID(), 'an upper-case foreign': ann.id.toUpperCase() }

for (const [whose, id] of Object.entries(others))
  test(`${whose} user's id answers 403, on every route`, async (t) => {
    const before = (await ann.get(own)).json()
    for (const call of calls(ben, `/api/users/${id}/tasks`)) t.equal((await call()).statusCode, 403)
    t.match((await ben.get(`/api/users/${id}/tasks`)).json(), { code: 'forbidden', detail: 'Access forbidden' })
    t.strictSame((await ann.get(own)).json(), before)
    t.strictSame((await ben.get('/api/tasks')).json().items, [])
  })

test("another user's task answers 404 under one's own id too", async (t) => {
  for (const call of calls(ben, `/api/users/${ben.id}/tasks`).slice(3)) t.equal((await call()).statusCode, 404)
  t.strictSame((await ann.get(`${own}/${task.id}`)).json(), task)
})

test('without a token the answer does not reveal whether the id exists', async (t) => {
  for (const id of [ann.id, crypto.randomUUID(), 'x'])
    t.equal((await anyone.get(`/api/users/${id}/tasks`)).json().code, 'not_authenticated')
})

const wrong = [`urn:uuid:${ann.id}`, `{${ann.id}}`, '', 'me', ann.id.replaceAll('-', ''), `${ann.id}%00`]
for (const id of wrong)
  test(`${JSON.stringify(id.replace(ann.id, '<id>'))} is no user's id`, async (t) => {
    for (const call of calls(ann, `/api/users/${id}/tasks`)) t.equal((await call()).statusCode, 400)
    t.strictSame(pointersOf(await ann.get(`/api/users/${id}/tasks`)), ['/user_id'])
  })

test('invalid input is refused with its pointer, as under /api/tasks', async (t) => {
  for (const [answer, pointer] of [
    [await ann.post(own, { title: '' }), '/title'],
    [await ann.get(`${own}/x`), '/id'],
    [await ann.get(`${own}?limit=0`), '/limit']
  ] as const) {
    t.equal(answer.statusCode, 400)
    t.strictSame(pointersOf(answer), [pointer])
  }
  t.equal((await app.db.selectFrom('tasks').select('id').where('title', '=', '').execute()).length, 0)
})
