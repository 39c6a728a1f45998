import { type Kysely, sql } from 'kysely'
import t, { test } from 'tap'
import type { Database } from '../../src/database/tables.ts'
import { startApp } from '../helpers/app.ts'
import { fresh } from '../helpers/keyed.ts'
import { server } from '../helpers/template.ts'
import { until } from '../helpers/wait.ts'

const { app, signUp } = await startApp(t, { settings: { TASKS_PER_USER: '5', TASK_BYTES_PER_USER: '1000' } })
type User = Awaited<ReturnType<typeof signUp>>

const usage = async ({ id }: User) => {
  const { rows } = await sql<{ tasks: number; bytes: number }>`
    select tasks::float8, bytes::float8 from task_usage where user_id = ${id}`.execute(app.db)
  return rows[0]
}
/** The actual usage, counted again. */
const truth = async ({ id }: User) => {
  const { rows } = await sql<{ tasks: number; bytes: number }>`
    select count(*)::float8 as tasks, coalesce(sum(octet_length(title || coalesce(description, ''))), 0)::float8 as bytes
    from tasks where user_id = ${id}`.execute(app.db)
  return rows[0]
}
const isRefused = { status: 409, code: 'quota_exceeded', detail: /delete some/ }

test('the number of tasks is limited, and deleting one makes room', async (t) => {
  const [ann, ben] = [await signUp(), await signUp()]
  const ids: string[] = []
  for (let i = 0; i < 5; i++) {
    const answer = await ann.post(i % 2 ? '/api/tasks' : `/api/users/${ann.id}/tasks`, { title: `${i}` })
    t.equal(answer.statusCode, 201)
    ids.push(answer.json().id)
  }
  for (const url of ['/api/tasks', `/api/users/${ann.id}/tasks`])
    t.match((await ann.post(url, { title: 'over' })).json(), isRefused)
  t.equal((await ben.post('/api/tasks', { title: 'mine' })).statusCode, 201, 'nobody else is affected')
  t.equal((await ann.patch(`/api/tasks/${ids[0]}/complete`)).json().completed, true, 'at the limit all else works')
  t.equal((await ann.put(`/api/tasks/${ids[0]}`, { title: 'longer', completed: false })).statusCode, 200)
  t.equal((await ann.delete(`/api/tasks/${ids[0]}`)).statusCode, 204)
  t.equal((await ann.post('/api/tasks', { title: 'room' })).statusCode, 201)
  t.strictSame(await usage(ann), { tasks: 5, bytes: 8 })
})

test('the bytes of titles and descriptions in UTF-8 are limited exactly', async (t) => {
  const ann = await signUp()
  const first = (await ann.post('/api/tasks', { title: '\u{1f95b}', description: 'x'.repeat(595) })).json()
  t.strictSame(await usage(ann), { tasks: 1, bytes: 599 })
  t.match((await ann.post('/api/tasks', { title: 'é', description: 'x'.repeat(400) })).json(), isRefused)
  const second = (await ann.post('/api/tasks', { title: 'é', description: 'x'.repeat(399) })).json()
  t.match((await ann.post('/api/tasks', { title: 'y' })).json(), isRefused)
  const url = `/api/tasks/${second.id}`
  t.match((await ann.put(url, { description: 'x'.repeat(400) })).json(), isRefused)
  t.match((await ann.put(`/api/users/${ann.id}/tasks/${second.id}`, { title: 'éé' })).json(), isRefused)
  t.strictSame((await ann.get(url)).json(), second, 'nothing has changed')
  t.equal((await ann.put(url, { description: 'y'.repeat(399) })).statusCode, 200, 'as long as before')
  t.equal((await ann.put(url, { description: null })).statusCode, 200)
  t.strictSame(await usage(ann), { tasks: 2, bytes: 601 })
  t.equal((await ann.put(`/api/tasks/${first.id}`, { description: 'x'.repeat(994) })).statusCode, 200)
  t.strictSame(await usage(ann), { tasks: 2, bytes: 1000 })
})

test('a user above a lowered quota can change and delete tasks, but neither add nor enlarge one', async (t) => {
  const ann = await signUp()
  await sql`insert into tasks (id, user_id, title, description)
    select gen_random_uuid(), ${ann.id}, 'old', repeat('x', 200) from generate_series(1, 7)`.execute(app.db)
  t.strictSame(await usage(ann), { tasks: 7, bytes: 7 * 203 })
  const [first, second] = (await ann.get('/api/tasks')).json().items
  const url = `/api/tasks/${first.id}`
  t.match((await ann.post('/api/tasks', { title: 'new' })).json(), isRefused)
  t.match((await ann.put(url, { title: 'longer' })).json(), isRefused)
  t.equal((await ann.put(url, { title: 'new', completed: true })).statusCode, 200, 'as long as before')
  t.equal((await ann.put(url, { description: 'x' })).statusCode, 200, 'shorter')
  t.equal((await ann.delete(`/api/tasks/${second.id}`)).statusCode, 204)
  for (const { id } of (await ann.get('/api/tasks')).json().items)
    await ann.put(`/api/tasks/${id}`, { description: null })
  t.match(await usage(ann), { tasks: 6 })
  t.equal((await ann.put(url, { title: 'longer' })).statusCode, 200, 'within the bytes, beyond the number')
  t.strictSame(await usage(ann), await truth(ann))
})

test('of concurrent creations only as many succeed as there is room for', async (t) => {
  const ann = await signUp()
  await ann.post('/api/tasks', { title: 'first' })
  const answers = await Promise.all(
    Array.from({ length: 50 }, (_, i) =>
      i % 2
        ? ann.post('/api/tasks', { title: 'x' })
        : ann.post('/api/tasks', { title: 'x' }, { headers: { 'idempotency-key': fresh() } })
    )
  )
  t.equal(answers.filter(({ statusCode }) => statusCode === 201).length, 4)
  for (const answer of answers) if (answer.statusCode !== 201) t.match(answer.json(), isRefused)
  t.strictSame([await usage(ann), await truth(ann)], [await truth(ann), { tasks: 5, bytes: 9 }])
})

test('of concurrent changes that grow, only as many succeed as there is room for', async (t) => {
  const ann = await signUp()
  const tasks = [1, 2, 3, 4].map(async (title) => (await ann.post('/api/tasks', { title: `${title}` })).json().id)
  const ids: string[] = await Promise.all(tasks)
  const answers = await Promise.all(
    Array.from({ length: 40 }, (_, i) => ann.put(`/api/tasks/${ids[i % 4]}`, { description: 'x'.repeat(300) }))
  )
  const refused = answers.filter(({ statusCode }) => statusCode !== 200)
  t.equal(refused.length, 10, 'all of the fourth task')
  for (const answer of refused) t.match(answer.json(), isRefused)
  t.strictSame([await usage(ann), await truth(ann)], [await truth(ann), { tasks: 4, bytes: 904 }])
})

test('an answer is replayed beyond the limit, and a refused request does not use up its key', async (t) => {
  const ann = await signUp()
  const create = (key: string) => ann.post('/api/tasks', { title: 'x' }, { headers: { 'idempotency-key': key } })
  const [key, late] = [fresh(), fresh()]
  const first = await create(key)
  for (let i = 0; i < 4; i++) await create(fresh())
  t.match((await create(late)).json(), isRefused)
  t.equal((await create(key)).body, first.body)
  await ann.delete(`/api/tasks/${first.json().id}`)
  const second = await create(late)
  t.strictSame([second.statusCode, 'idempotency-replayed' in second.headers], [201, false])
})

test('tasks older than the counter are counted, also with concurrent changes', async (t) => {
  const [ann, ben, cem, dora] = [await signUp(), await signUp(), await signUp(), await signUp()]
  const forget = () => sql`delete from task_usage`.execute(app.db)
  for (const user of [ann, ben, cem, dora])
    for (const title of ['a', 'b', 'c']) await user.post('/api/tasks', { title })
  await forget()
  const all = await Promise.all(Array.from({ length: 9 }, () => ann.post('/api/tasks', { title: 'more' })))
  t.equal(all.filter(({ statusCode }) => statusCode === 201).length, 2)
  await sql`update tasks set description = 'long' where user_id = any(${[ben.id, cem.id]}::uuid[])`.execute(app.db)
  await sql`delete from tasks where title = 'b' and user_id = any(${[cem.id, dora.id]}::uuid[])`.execute(app.db)
  await sql`update tasks set user_id = ${dora.id} where user_id = ${ben.id} and title = 'c'`.execute(app.db)
  for (const user of [ann, ben, cem, dora]) t.strictSame(await usage(user), await truth(user))
  await forget()
  await ben.patch(`/api/tasks/${(await ben.get('/api/tasks')).json().items[0].id}/complete`)
  t.equal(await usage(ben), undefined, 'a change of nothing that counts counts nothing')
})

const skip = server ? false : 'needs TEST_DATABASE_URL: the embedded database has one connection'
test('two first tasks of a user at the same time are both counted', { skip }, async (t) => {
  const ann = await signUp()
  const add = (db: Kysely<Database>) =>
    sql`insert into tasks (id, user_id, title) values (gen_random_uuid(), ${ann.id}, 'x')`.execute(db)
  const first = await app.db.startTransaction().execute()
  await add(first)
  const second = add(app.db)
  await until('the second to wait for the first', async () => {
    const { rows } = await sql`select from pg_stat_activity where datname = current_database()
      and wait_event_type = 'Lock' and query like 'insert into tasks%'`.execute(app.db)
    return rows.length > 0
  })
  await first.commit().execute()
  await second
  t.strictSame(await usage(ann), { tasks: 2, bytes: 2 })
})

test('an account is deleted with its counter, while other requests add tasks', async (t) => {
  const ann = await signUp()
  await ann.post('/api/tasks', { title: 'x' })
  const adding = Array.from({ length: 20 }, () => ann.post('/api/tasks', { title: 'x' }))
  const { password } = ann
  const deleted = await ann.post('/api/auth/profile/delete', { password })
  t.equal(deleted.statusCode, 204)
  for (const { statusCode } of await Promise.all(adding)) t.ok([201, 401, 409].includes(statusCode), `${statusCode}`)
  t.equal(await usage(ann), undefined)
  t.strictSame(await truth(ann), { tasks: 0, bytes: 0 })
})
