import { sql } from 'kysely'
import t, { test } from 'tap'
import { gramsOf } from '../../src/repositories/task-grams.ts'
import { fillTaskKeys } from '../../src/repositories/task-key-filling.ts'
import { descriptionKeys, titleKeys } from '../../src/repositories/task-keys.ts'
import type { TaskListOptions } from '../../src/repositories/task-lists.ts'
import { taskSearches } from '../../src/repositories/task-searches.ts'
import { startApp } from '../helpers/app.ts'

const { app, signUp } = await startApp(t)
const { db } = app
const small = { slice: 7, keys: 20, texts: 6 }
const newest = { status: 'all', sort: 'created', order: 'desc', limit: 5 } as const

/** A user with tasks, some of which have the given texts. */
async function seed(amount: number, having: Record<number, string>) {
  const { id: user_id } = await signUp()
  const tasks = Array.from({ length: amount }, (_, i) => {
    const [title, description] = [`task ${i}`, having[i] ?? 'nothing']
    const keys = { ...titleKeys(title), ...descriptionKeys(description) }
    const created_at = new Date(Date.UTC(2026, 0, 1) + i).toISOString()
    return { id: crypto.randomUUID(), user_id, title, description, ...keys, created_at, completed: i % 2 === 0 }
  })
  await db.insertInto('tasks').values(tasks).execute()
  return user_id
}

/** All matches, page by page, and the number of pages. */
async function all(
  search: ReturnType<typeof taskSearches>,
  userId: string,
  text: string,
  options: Partial<TaskListOptions>
) {
  const titles: string[] = []
  let pages = 0
  for (let after: TaskListOptions['after']; ; ) {
    const { items, next } = await search(userId, text, { ...newest, ...options, after })
    titles.push(...items.map(({ title }) => title))
    pages++
    if (!next) return { titles, pages }
    after = next
  }
}

test('a search finds every match once, in order, across slices', async (t) => {
  const userId = await seed(30, { 0: 'a needle', 6: 'Needle', 7: 'needle', 13: 'needles', 14: 'needle', 22: 'needle' })
  for (const slice of [1, 6, 7, 8, 30, 100])
    for (const keys of [1, 20, 100]) {
      const search = taskSearches(db, { slice, keys, texts: 100 })
      const { titles, pages } = await all(search, userId, 'NEEDLE', {})
      t.strictSame(titles, ['task 22', 'task 14', 'task 13', 'task 7', 'task 6', 'task 0'])
      if (keys === 1) t.equal(pages > 2, slice < 30, 'a page ends when it has read enough')
      t.strictSame((await all(search, userId, 'needle', { order: 'asc' })).titles, titles.toReversed())
      const byTitle = { sort: 'title', order: 'asc', limit: 2 } as const
      t.strictSame((await all(search, userId, 'needle', byTitle)).titles, titles.toReversed(), 'numbers by their value')
      t.strictSame((await all(search, userId, 'needle', { status: 'pending' })).titles, ['task 13', 'task 7'])
      t.strictSame((await all(search, userId, 'haystack', {})).titles, [])
    }
})

test('a page of a search reads a bounded number of false positives', async (t) => {
  const userId = await seed(30, { 3: 'needle' })
  await db
    .updateTable('tasks')
    .where('user_id', '=', userId)
    .set({ description_grams: gramsOf('needle') })
    .execute()
  const { titles, pages } = await all(taskSearches(db, { ...small, keys: 1_000 }), userId, 'needle', {})
  t.strictSame(titles, ['task 3'])
  t.ok(pages >= 4, `${pages} pages`)
})

test('a search does not read texts that their keys rule out', async (t) => {
  const userId = await seed(30, {})
  const { rows } = await sql<{ n: number }>`
    select count(*)::int as n from tasks where user_id = ${userId} and octet_length(description_grams) < 16`.execute(db)
  t.equal(rows[0]?.n, 30)
  const broken = db.updateTable('tasks').where('user_id', '=', userId)
  await broken.set({ description: 'needle' }).execute()
  t.strictSame((await all(taskSearches(db), userId, 'needle', {})).titles.length, 30, 'forgotten keys rule out nothing')
  await broken.set({ description_grams: gramsOf('nothing') }).execute()
  t.strictSame((await all(taskSearches(db), userId, 'needle', {})).titles, [])
})

test('tasks of an earlier release are found, and sort once they have keys', async (t) => {
  const ann = await signUp()
  const titles = ['Zebra', '\u{c9}clair', 'apple', 'Task 10', 'Task 2']
  for (const [i, title] of titles.entries())
    await sql`insert into tasks (id, user_id, title, description, created_at) values
      (${crypto.randomUUID()}, ${ann.id}, ${title}, ${i % 2 ? null : '\u{416}'}, now() + ${i} * interval '1 s')`.execute(
      db
    )
  const found = async (query: string): Promise<string[]> =>
    (await ann.get(`/api/tasks?${query}`)).json().items.map(({ title }: { title: string }) => title)
  t.strictSame(await found('q=%C3%A9CLAIR'), ['\u{c9}clair'])
  t.strictSame(await found('q=%D0%B6'), ['Task 2', 'apple', 'Zebra'])
  t.strictSame(await found('sort=title'), ['apple', 'Task 10', 'Task 2', 'Zebra', '\u{c9}clair'], 'nearly in order')
  t.equal(await fillTaskKeys(db), 5)
  t.equal(await fillTaskKeys(db), 0)
  t.strictSame(await found('sort=title'), ['apple', '\u{c9}clair', 'Task 2', 'Task 10', 'Zebra'])
  t.strictSame(await found('q=%D0%B6'), ['Task 2', 'apple', 'Zebra'])

  await sql`update tasks set title = 'Aardvark', description = 'needle' where user_id = ${ann.id} and title = 'Zebra'`.execute(
    db
  )
  t.strictSame(await found('q=aardVARK'), ['Aardvark'])
  t.strictSame(await found('q=needle'), ['Aardvark'])
  t.equal(await fillTaskKeys(db), 1)
  t.strictSame((await found('sort=title'))[0], 'Aardvark')
})

test('a title or a description that an earlier release changes is found, and its old text is not', async (t) => {
  const ann = await signUp()
  const { id } = (await ann.post('/api/tasks', { title: 'Milk', description: 'two litres' })).json()
  const found = async (text: string) => (await ann.get(`/api/tasks?q=${text}`)).json().items.length
  await sql`update tasks set title = 'Bread' where id = ${id}`.execute(db)
  t.strictSame([await found('bread'), await found('milk'), await found('litres')], [1, 0, 1])
  t.equal(await fillTaskKeys(db), 1)
  await sql`update tasks set description = 'one loaf' where id = ${id}`.execute(db)
  t.strictSame([await found('loaf'), await found('litres'), await found('bread')], [1, 0, 1])
  t.equal(await fillTaskKeys(db), 1)
  t.strictSame([await found('bread'), await found('loaf'), await found('milk')], [1, 1, 0])
})

test('keys are filled in several batches, without changing updated_at', async (t) => {
  const ann = await signUp()
  await sql`insert into tasks (id, user_id, title, updated_at)
    select gen_random_uuid(), ${ann.id}::uuid, 'task ' || i, '2026-01-01' from generate_series(1, 120) as i`.execute(db)
  const filled = await Promise.all([fillTaskKeys(db), fillTaskKeys(db)])
  t.equal(filled[0] + filled[1], 120)
  const { items } = (await ann.get('/api/tasks?sort=title&limit=3')).json()
  t.match(items, [
    { title: 'task 1', updated_at: '2026-01-01T00:00:00.000Z' },
    { title: 'task 2' },
    { title: 'task 3' }
  ])
})

test('a changed title or description is found, and the old text is not', async (t) => {
  const ann = await signUp()
  const { id } = (await ann.post('/api/tasks', { title: 'Milk', description: 'two litres' })).json()
  const count = async (text: string) => (await ann.get(`/api/tasks?q=${text}`)).json().items.length
  t.strictSame([await count('milk'), await count('LITRES')], [1, 1])
  await ann.put(`/api/tasks/${id}`, { title: 'Bread' })
  t.strictSame([await count('milk'), await count('bread'), await count('LITRES')], [0, 1, 1])
  await ann.put(`/api/tasks/${id}`, { description: 'one loaf' })
  t.strictSame([await count('bread'), await count('LITRES'), await count('loaf')], [1, 0, 1])
  await ann.put(`/api/tasks/${id}`, { description: null })
  t.strictSame([await count('bread'), await count('loaf')], [1, 0])
  const keys = await db.selectFrom('tasks').select(['title_search', 'description_grams']).where('id', '=', id).execute()
  t.match(keys, [{ title_search: 'bread', description_grams: { length: 8, 0: 0 } }])
})
