import t, { test } from 'tap'
import { titleKeys, titleSort } from '../../src/repositories/task-keys.ts'
import { startApp } from '../helpers/app.ts'

interface Item {
  id: string
  title: string
  completed: boolean
  created_at: string
}
type User = Awaited<ReturnType<typeof signUp>>

const { app, signUp } = await startApp(t)
const [ann, ben] = [await signUp(), await signUp()]

const titled = (title: string) => ({ title, ...titleKeys(title) })

/** Many tasks with equal titles and times, as an import creates them. */
async function seed(owner: User, amount: number) {
  const tasks = Array.from({ length: amount }, (_, i) => ({
    id: crypto.randomUUID(),
    user_id: owner.id,
    ...titled(['a', 'B', 'b', '\u{e9}', '\u{1f600}'][i % 5] ?? ''),
    completed: i % 3 === 0,
    created_at: new Date(Date.UTC(2026, 0, 1) + (i % 4)).toISOString()
  }))
  await app.db.insertInto('tasks').values(tasks).execute()
}
await seed(ann, 60)
await seed(ben, 10)

const page = async (user: User, query: string) => (await user.get(`/api/tasks?${query}`)).json()

async function pages(user: User, query: string, between: () => Promise<unknown> = async () => {}): Promise<Item[]> {
  const items: Item[] = []
  for (let cursor = ''; ; ) {
    const { items: more, next_cursor } = await page(user, `${query}${cursor && `&cursor=${cursor}`}`)
    items.push(...more)
    if (next_cursor === null) return items
    cursor = next_cursor
    await between()
  }
}

/** Code point order, as in the database. */
const compare = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b))

for (const sort of ['created', 'title'] as const)
  for (const order of ['asc', 'desc'])
    for (const status of ['all', 'pending', 'completed'])
      test(`by ${sort}, ${order}, ${status}: every task appears once, in order, across pages`, async (t) => {
        const query = `sort=${sort}&order=${order}&status=${status}`
        const all = (await page(ann, `${query}&limit=100`)).items as Item[]
        t.equal(all.length, { all: 60, pending: 40, completed: 20 }[status])
        if (status !== 'all') t.ok(all.every(({ completed }) => completed === (status === 'completed')))
        const key = (item: Item) => (sort === 'title' ? titleSort(item.title) : item.created_at)
        const sorted = all.toSorted((a, b) => compare(key(a), key(b)) || compare(a.id, b.id))
        t.strictSame(all, order === 'asc' ? sorted : sorted.reverse())
        for (const limit of [1, 7, 20, 60]) t.strictSame(await pages(ann, `${query}&limit=${limit}`), all)
      })

test('without parameters the list returns the newest twenty', async (t) => {
  const { items, next_cursor } = (await ann.get('/api/tasks')).json()
  t.strictSame(items, (await page(ann, 'sort=created&order=desc&status=all&limit=20')).items)
  t.type(next_cursor, 'string')
  t.strictSame((await page(ann, 'sort=title')).items, (await page(ann, 'sort=title&order=asc')).items)
})

test('changes while paging neither duplicate nor hide other tasks', async (t) => {
  for (const query of ['sort=created&order=asc', 'sort=created', 'sort=title', 'sort=title&order=desc']) {
    const cleo = await signUp()
    await seed(cleo, 40)
    const before = (await page(cleo, `${query}&limit=100`)).items as Item[]
    let i = 0
    const seen = await pages(cleo, `${query}&limit=4`, async () => {
      await cleo.post('/api/tasks', { title: i % 2 ? 'A' : 'z' })
      await cleo.delete(`/api/tasks/${before[i]?.id}`) // on a page already shown, the cursor's own task among them
      i += 1
    })
    const ids = seen.map(({ id }) => id)
    t.equal(new Set(ids).size, ids.length, `${query}: none twice`)
    t.strictSame(
      before.filter(({ id }) => !ids.includes(id)),
      [],
      `${query}: none left out`
    )
  }
})
