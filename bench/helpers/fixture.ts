import { type Caller, connectTo, signUp } from './http.ts'
import type { Load } from './load-generator.ts'
import { type Measured, startGatehouse } from './measured.ts'
import type { BenchDatabase } from './service.ts'

/** A service on one database, with a user whose operations are measured. */
export interface Fixture {
  server: Measured
  call: Caller
  database: BenchDatabase
  token: string
  user: { id: string; email: string }
}

export type Operation = Pick<Load, 'method' | 'path' | 'headers' | 'tokens' | 'paths' | 'bodies'> & { status: number }

/** The service as in production, with a login limit that is high enough for a bench. */
export async function startFixture(database: BenchDatabase): Promise<Fixture> {
  const server = await startGatehouse(database.url, { RATE_LIMIT_AUTH: '1000000' })
  const call = connectTo(server.url)
  const { access_token: token, user, email } = await signUp(call)
  return { server, call, database, token, user: { id: user.id, email } }
}

/** Reads the whole list page by page. Returns the query of the last full page and the number of tasks. */
export async function walk({ call, token }: Fixture, say: (text: string) => void) {
  const seen = new Set<string>()
  let [before, cursor, tasks] = ['', '', 0]
  for (;;) {
    const { status, text } = await call('GET', `/api/tasks?limit=100${cursor && `&cursor=${cursor}`}`, { token })
    if (status !== 200) throw new Error(`A page: ${status} ${text}`)
    const page = JSON.parse(text) as { items: { id: string }[]; next_cursor: string | null }
    for (const { id } of page.items) seen.add(id)
    tasks += page.items.length
    if (tasks % 250_000 === 0) say(`${tasks.toLocaleString('en')} tasks paged through`)
    if (page.next_cursor === null) break
    before = cursor
    cursor = page.next_cursor
  }
  if (seen.size !== tasks) throw new Error(`${tasks - seen.size} tasks were shown twice`)
  return { last: `/api/tasks?cursor=${cursor || before}`, tasks }
}

/** The measured operations: the user's own tasks, the last page (`last`), and logins of any user. */
export async function operationsOn(fixture: Fixture, last: string, emails: string[], password: string) {
  const { database, token, user } = fixture
  const { rows } = await database.query(
    `select id from tasks where user_id = '${user.id}' order by md5(id::text) limit 1000`
  )
  const get = (path: string): Operation => ({ method: 'GET', path, headers: {}, tokens: [token], status: 200 })
  const one: Record<string, Operation> = {
    'first page': get('/api/tasks'),
    'page at the end': get(last),
    'by title': get('/api/tasks?sort=title'),
    'pending only': get('/api/tasks?status=pending'),
    read: { ...get('/api/tasks'), paths: rows.map(({ id }) => `/api/tasks/${id}`) },
    create: {
      ...get('/api/tasks'),
      method: 'POST',
      status: 201,
      bodies: rows.map((_, i) => JSON.stringify({ title: `Water the plants on floor ${i}` }))
    },
    login: {
      method: 'POST',
      path: '/api/auth/login',
      headers: {},
      status: 200,
      bodies: emails.map((email) => JSON.stringify({ email, password }))
    }
  }
  return one
}
