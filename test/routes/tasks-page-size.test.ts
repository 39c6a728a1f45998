import t, { test } from 'tap'
import type { TaskPage } from '../../schemas/tasks.ts'
import { startApp } from '../helpers/app.ts'

const { app, signUp } = await startApp(t)
const MiB = 1024 * 1024

/** A user with a number of tasks with this description. */
async function withTasks(count: number, description: string) {
  const user = await signUp()
  const tasks = Array.from({ length: count }, (_, i) => ({
    id: crypto.randomUUID(),
    user_id: user.id,
    title: `Task ${i}`,
    description
  }))
  await app.db.insertInto('tasks').values(tasks).execute()
  return user
}

for (const prefix of ['/api/tasks', '/api/users/USER/tasks'])
  test(`${prefix}: a page ends before it exceeds 1 MiB, and the next continues from there`, async (t) => {
    // Six bytes each in JSON.
    const user = await withTasks(100, '\u0001'.repeat(10_000))
    const url = prefix.replace('USER', user.id)
    const titles: string[] = []
    let cursor = ''
    do {
      const answer = await user.get(`${url}?limit=100&sort=title${cursor}`)
      t.equal(answer.statusCode, 200)
      const bytes = answer.rawPayload.length
      t.ok(bytes <= MiB, `${bytes} bytes`)
      const { items, next_cursor }: TaskPage = answer.json()
      titles.push(...items.map(({ title }) => title))
      cursor = next_cursor === null ? '' : `&cursor=${next_cursor}`
      if (cursor) t.ok(bytes > MiB - 70_000, 'as full as can be')
    } while (cursor)
    t.equal(titles.length, 100)
    t.equal(new Set(titles).size, 100)
  })

test('a hundred tasks of 10,000 ASCII letters fit into one page, and three-byte letters as far as possible', async (t) => {
  const plain = (await (await withTasks(100, 'a'.repeat(10_000))).get('/api/tasks?limit=100')).json()
  t.equal(plain.items.length, 100)
  t.equal(plain.next_cursor, null)
  const wide = await (await withTasks(100, '€'.repeat(10_000))).get('/api/tasks?limit=100')
  t.ok(wide.rawPayload.length <= MiB && wide.rawPayload.length > MiB - 40_000, `${wide.rawPayload.length} bytes`)
})
