import t, { test } from 'tap'
import { caller, password, startApp } from '../helpers/app.ts'
import { bridgeToken, seconds } from '../helpers/mint.ts'

interface Item {
  id: string
  at: string
  event: string
}
type User = Awaited<ReturnType<typeof signUp>>

const { app, signUp, anyone } = await startApp(t)
const url = '/api/auth/activity'
const page = async (user: Pick<User, 'get'>, query = '') => (await user.get(`${url}${query}`)).json()
const from = { remoteAddress: '2001:db8:1:2:3:4:5:6', headers: { 'user-agent': 'Phone/1 (ünïcode)' } }

/** Many events, of which several have the same time. */
async function seed({ id }: { id: string }, amount: number) {
  const events = Array.from({ length: amount }, (_, i) => ({
    id: crypto.randomUUID(),
    at: new Date(Date.UTC(2026, 0, 1) + (i % 5)).toISOString(),
    event: 'login',
    user_id: id,
    address: null,
    user_agent: null
  }))
  await app.db.insertInto('security_events').values(events).execute()
}

async function pages(user: User, limit: number, between: () => Promise<unknown> = async () => {}): Promise<Item[]> {
  const items: Item[] = []
  for (let cursor = ''; ; ) {
    const { items: more, next_cursor } = await page(user, `?limit=${limit}${cursor && `&cursor=${cursor}`}`)
    items.push(...more)
    if (next_cursor === null) return items
    cursor = next_cursor
    await between()
  }
}

test('a user sees what happened to the account, newest first, with time, address, browser and session', async (t) => {
  const ann = await signUp()
  const login = { email: ann.email, password }
  await anyone.post('/api/auth/login', { ...login, password: 'wrong-horse-7' }, from)
  const other = caller(app, (await anyone.post('/api/auth/login', login, from)).json().access_token)
  const { items: sessions } = (await other.get('/api/auth/sessions')).json()
  const [{ id: session_id }] = sessions.filter(({ current }: { current: boolean }) => current)
  await other.post('/api/auth/logout', undefined, from)

  const where = { ip: '2001:db8:1:2::', user_agent: 'Phone/1 (ünïcode)', times: 1 }
  const { items, next_cursor } = await page(ann)
  t.match(items, [
    { event: 'logout', ...where, session_id },
    { event: 'login', ...where },
    { event: 'login.failed', ...where, session_id: null },
    { event: 'register', ip: '127.0.0.1' }
  ])
  t.equal(items.length, 4)
  t.equal(next_cursor, null)
  const keys = ['at', 'event', 'id', 'ip', 'session_id', 'times', 'user_agent']
  for (const item of items) t.strictSame(Object.keys(item).sort(), keys)
})

test('what operators do is shown without the address and the program that they used', async (t) => {
  const ann = await signUp()
  const rows = (['admin', 'command'] as const).map((actor) => ({
    ...{ id: crypto.randomUUID(), event: 'sessions.ended', user_id: ann.id, actor },
    ...{ address: '192.0.2.1', user_agent: 'command line of root' }
  }))
  await app.db.insertInto('security_events').values(rows).execute()
  const { items } = await page(ann)
  const ended = items.filter(({ event }: Item) => event === 'sessions.ended')
  t.equal(ended.length, 2)
  for (const { ip, user_agent } of ended) t.strictSame([ip, user_agent], [null, null])
})

test('events that share a row have a count, and no address or user agent', async (t) => {
  const ann = await signUp()
  for (let i = 0; i < 40; i++) await anyone.post('/api/auth/login', { email: ann.email, password: 'wrong-horse-7' })
  const { items } = await page(ann, '?limit=100')
  t.match(items[0], { event: 'login.failed', times: 20, ip: null, user_agent: null })
  t.equal(items.length, 22)
})

test('the events of other users and of unknown accounts are not shown', async (t) => {
  const [ann, ben] = [await signUp(), await signUp()]
  await seed(ben, 10)
  await anyone.post('/api/auth/login', { email: 'nobody@example.com', password })
  t.match(await page(ann), { items: [{ event: 'register' }], next_cursor: null })
  t.equal((await page(ann)).items.length, 1)
  t.equal((await page(ben)).items.length, 11)
})

test('a user of another issuer sees only their own events', async (t) => {
  const [fay, gus] = ['fay', 'gus'].map((sub) => caller(app, bridgeToken({ sub, iat: seconds() - 60 })))
  t.strictSame(await page(fay as User), { items: [], next_cursor: null })
  await fay?.delete('/api/auth/sessions', undefined, from)
  t.match((await page(fay as User)).items, [{ event: 'sessions.ended', session_id: null, ip: '2001:db8:1:2::' }])
  t.strictSame((await page(gus as User)).items, [])
})

test('every event appears once, in order, across pages', async (t) => {
  const ann = await signUp()
  await seed(ann, 50)
  const all: Item[] = (await page(ann, '?limit=100')).items
  t.equal(all.length, 51)
  const key = ({ at, id }: Item) => `${at} ${id}`
  t.strictSame(all.map(key), all.map(key).toSorted().reverse())
  for (const limit of [1, 7, 50, 51]) t.strictSame(await pages(ann, limit), all, `${limit}`)
  t.strictSame((await page(ann)).items, all.slice(0, 20), 'twenty unless told')
  const seen = await pages(ann, 9, () => anyone.post('/api/auth/login', { email: ann.email, password }))
  t.strictSame(seen, all, 'what happens meanwhile moves nothing')
})

test('a cursor of another user or list, or a tampered one, is refused', async (t) => {
  const [ann, ben] = [await signUp(), await signUp()]
  for (const user of [ann, ben]) {
    await seed(user, 3)
    for (const title of ['one', 'two']) await user.post('/api/tasks', { title })
  }
  const { next_cursor: cursor } = await page(ann, '?limit=1')
  const { next_cursor: ofTasks } = (await ann.get('/api/tasks?limit=1')).json()
  t.equal((await page(ann, `?limit=50&cursor=${cursor}`)).items.length, 3, 'another limit is the same query')
  for (const [user, wrong] of [
    [ben, cursor],
    [ann, ofTasks],
    [ann, cursor.slice(0, -1)],
    [ann, cursor.replace(/^./, (first: string) => (first === 'A' ? 'B' : 'A'))],
    [ann, `${cursor}%3D`],
    [ann, `${cursor}%00`],
    [ann, Buffer.from('{"at":"now","id":"x"}').toString('base64url')],
    [ann, 'A'.repeat(5_000)],
    [ann, '']
  ] as const) {
    const answer = await user.get(`${url}?cursor=${wrong}`)
    t.match(answer.json(), { status: 400, code: 'validation_failed', errors: [{ pointer: '/cursor' }] }, wrong)
  }
  const elsewhere = await ann.get(`/api/tasks?cursor=${cursor}`)
  t.match(elsewhere.json(), { code: 'validation_failed' }, 'nor does the list of tasks take it')
})

test('a wrong limit and unknown parameters are refused', async (t) => {
  const ann = await signUp()
  for (const query of ['limit=0', 'limit=101', 'limit=x', 'limit=1&limit=2', 'user_id=1', 'q=a'])
    t.match((await ann.get(`${url}?${query}`)).json(), { status: 400, code: 'validation_failed' }, query)
})
