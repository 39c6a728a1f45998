import { type Caller, connectTo, signUp } from './http.ts'
import { startGatehouse } from './measured.ts'
import { betterAuth, stock } from './peers.ts'
import type { BenchDatabase } from './service.ts'
import { get, type Subject } from './subject.ts'
import { mint, tampered } from './tokens.ts'

export interface Row {
  figure: string
  /** The highest allowed multiple of the yardstick. */
  target?: number
  yardstick: string
  settings?: Record<string, string>
  /** Whether the yardstick omits Gatehouse's headers. */
  bodyOnly?: boolean
  needsPostgres?: boolean
  begin: (database: BenchDatabase | undefined) => Promise<Subject>
}

async function gatehouse(database: BenchDatabase | undefined) {
  const server = await startGatehouse(database?.url)
  const call = connectTo(server.url)
  const user = await signUp(call)
  return { server, call, token: user.access_token, owner: user.user.id, status: 200, logs: true }
}

const me = '/api/auth/me'

async function createTasks(call: Caller, token: string, count: number): Promise<string> {
  let id = ''
  for (let i = 0; i < count; i += 1) {
    const body = { title: `Water the plants on floor ${i}`, description: 'The ones by the window need twice as much.' }
    const { status, text } = await call('POST', '/api/tasks', { token, body })
    if (status !== 201) throw new Error(`Adding a task: ${status} ${text}`)
    id = (JSON.parse(text) as { id: string }).id
  }
  return id
}

async function list(database: BenchDatabase | undefined): Promise<Subject> {
  const { call, token, ...subject } = await gatehouse(database)
  await createTasks(call, token, 20)
  return { ...subject, request: get('/api/tasks', [token]) }
}

async function read(database: BenchDatabase | undefined): Promise<Subject> {
  const { call, token, ...subject } = await gatehouse(database)
  return { ...subject, request: get(`/api/tasks/${await createTasks(call, token, 20)}`, [token]) }
}

async function create(database: BenchDatabase | undefined): Promise<Subject> {
  const { token, ...subject } = await gatehouse(database)
  const body = JSON.stringify({ title: 'Water the plants' })
  return {
    ...subject,
    status: 201,
    request: { method: 'POST', path: '/api/tasks', headers: {}, body, tokens: [token] }
  }
}

const bare = 'bare Fastify, response schema'
const prepared = 'bare Fastify, a prepared statement, response schema'

const withTargets: Record<string, Row> = {
  me: {
    figure: 'GET /api/auth/me',
    target: 1.6,
    yardstick: bare,
    async begin(database) {
      const { token, ...subject } = await gatehouse(database)
      return { ...subject, request: get(me, [token]) }
    }
  },
  list: { figure: 'GET /api/tasks, 20 tasks', target: 1.2, yardstick: prepared, needsPostgres: true, begin: list },
  read: { figure: 'GET /api/tasks/{id}', target: 1.3, yardstick: prepared, needsPostgres: true, begin: read },
  create: { figure: 'POST /api/tasks', target: 1.3, yardstick: prepared, needsPostgres: true, begin: create },
  bad: {
    figure: 'a bad token (1,000 wrong signatures in turn)',
    target: 2.5,
    yardstick: 'bare 401',
    async begin(database) {
      const { token, ...subject } = await gatehouse(database)
      const tokens = Array.from({ length: 1_000 }, () => tampered(token))
      return { ...subject, status: 401, request: get(me, tokens) }
    }
  }
}

/** The same with a yardstick without our headers, so that the ratio includes their cost. */
const withoutHeaders = ({ figure, yardstick, begin, needsPostgres }: Row): Row => ({
  figure: `${figure}, yardstick without our headers`,
  yardstick: `${yardstick}, body alone`,
  bodyOnly: true,
  begin,
  ...(needsPostgres && { needsPostgres })
})

export const rows: Record<string, Row> = {
  ...withTargets,
  ...Object.fromEntries(Object.entries(withTargets).map(([name, row]) => [`${name}-body`, withoutHeaders(row)])),
  'me-users': {
    figure: 'GET /api/auth/me, 1,000 users in turn',
    yardstick: bare,
    async begin(database) {
      const { token, ...subject } = await gatehouse(database)
      return { ...subject, request: get(me, [token, ...mint(999)]) }
    }
  },
  'me-new': {
    figure: 'GET /api/auth/me, each token new',
    yardstick: bare,
    async begin(database) {
      const { token, ...subject } = await gatehouse(database)
      return { ...subject, request: get(me, [token]), newTokens: mint }
    }
  },
  'list-text': {
    figure: 'GET /api/tasks, yardstick without Dates',
    yardstick: `${prepared}, timestamps as text`,
    settings: { TIMESTAMPS: 'text' },
    needsPostgres: true,
    begin: list
  },
  stock: {
    figure: 'the official plugins as usually wired: GET /api/auth/me',
    yardstick: bare,
    begin: stock
  },
  'better-auth-session': {
    figure: 'Better Auth 1.7.7: GET /api/auth/get-session',
    yardstick: bare,
    needsPostgres: true,
    begin: (database) => betterAuth(database, '/api/auth/get-session')
  },
  'better-auth-token': {
    figure: 'Better Auth 1.7.7: GET /api/auth/token',
    yardstick: bare,
    needsPostgres: true,
    begin: (database) => betterAuth(database, '/api/auth/token')
  }
}
