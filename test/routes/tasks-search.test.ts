import t, { test } from 'tap'
import { startApp } from '../helpers/app.ts'

const { signUp } = await startApp(t)
const [ann, ben] = [await signUp(), await signUp()]
type User = typeof ann

const page = async (user: User, query: string) => (await user.get(`/api/tasks?${query}`)).json()

test('a search is literal and ignores case', async (t) => {
  const dan = await signUp()
  const tasks = [
    { title: '100% wool' },
    { title: '100 sheep' },
    { title: 'snake_case' },
    { title: 'snakeXcase' },
    { title: 'C:\\Temp' },
    { title: '\u{c9}t\u{e9}', description: null },
    { title: 'x', description: 'Buy \u{d6}L and MILK' },
    { title: "Robert'); --" }
  ]
  for (const task of tasks) await dan.post('/api/tasks', task)
  const expected: [string, string[]][] = [
    ['100%', ['100% wool']],
    ['%', ['100% wool']],
    ['_', ['snake_case']],
    ['E_C', ['snake_case']],
    ['\\', ['C:\\Temp']],
    ['\\T', ['C:\\Temp']],
    ['\u{e9}T\u{c9}', ['\u{c9}t\u{e9}']],
    ['\u{f6}l AND milk', ['x']],
    ["'); --", ["Robert'); --"]],
    ['100_', []],
    ['nothing', []]
  ]
  for (const [text, titles] of expected) {
    const { items } = await page(dan, `q=${encodeURIComponent(text)}`)
    t.strictSame(
      items.map(({ title }: { title: string }) => title),
      titles,
      text
    )
  }
  t.equal((await page(dan, 'q=')).items.length, tasks.length, 'no text finds all')
})

const queries: [string, string][] = [
  ['limit=0', '/limit'],
  ['limit=101', '/limit'],
  ['limit=-1', '/limit'],
  ['limit=1.5', '/limit'],
  ['limit=1e21', '/limit'],
  ['limit=many', '/limit'],
  ['limit=', '/limit'],
  ['limit=5&limit=6', '/limit'],
  ['status=done', '/status'],
  ['status=', '/status'],
  ['sort=id', '/sort'],
  ['sort=title;drop table tasks', '/sort'],
  ['order=up', '/order'],
  ['order=asc&order=desc', '/order'],
  [`q=${'x'.repeat(201)}`, '/q'],
  ['q=%00', '/q'],
  ['q=a&q=b', '/q'],
  ['page=2', '/page'],
  ['user_id=1', '/user_id'],
  ['__proto__=1', '/__proto__'],
  ['cursor=', '/cursor'],
  ['cursor=a&cursor=b', '/cursor'],
  [`cursor=${'A'.repeat(5_000)}`, '/cursor']
]
for (const [query, pointer] of queries)
  test(`?${query.slice(0, 40)} is refused with its pointer`, async (t) => {
    const answer = await ann.get(`/api/tasks?${query}`)
    const { status, code, errors } = answer.json()
    t.strictSame([status, code], [400, 'validation_failed'])
    // One parameter may break several rules.
    t.strictSame([...new Set(errors.map((error: { pointer: string }) => error.pointer))], [pointer])
  })

test('a cursor of another query or user, or a tampered one, is refused', async (t) => {
  for (let i = 0; i < 5; i++) await ann.post('/api/tasks', { title: `b${i}` })
  const { next_cursor: cursor } = await page(ann, 'limit=2&q=b')
  t.equal((await page(ann, `limit=50&q=b&cursor=${cursor}`)).items.length, 3, 'another limit is the same query')
  const attempts: [User, string][] = [
    [ben, `q=b&cursor=${cursor}`],
    [ann, `cursor=${cursor}`],
    [ann, `q=B&cursor=${cursor}`],
    [ann, `q=b&sort=title&cursor=${cursor}`],
    [ann, `q=b&order=asc&cursor=${cursor}`],
    [ann, `q=b&status=pending&cursor=${cursor}`],
    [ann, `q=b&cursor=${cursor.slice(0, -1)}`],
    [ann, `q=b&cursor=${cursor}%3D`],
    [ann, `q=b&cursor=${cursor}%00`],
    [ann, `q=b&cursor=%20${cursor}`],
    [ann, `q=b&cursor=${cursor.replace(/^./, (first: string) => (first === 'A' ? 'B' : 'A'))}`]
  ]
  for (const [user, query] of attempts) {
    const problem = (await user.get(`/api/tasks?${query}`)).json()
    t.strictSame(problem.errors, [{ pointer: '/cursor', message: 'is not a cursor of this query' }], query)
  }
})
