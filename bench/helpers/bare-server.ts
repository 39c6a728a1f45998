import Fastify from 'fastify'
import pg from 'pg'

/**
 * The yardstick: Fastify without plugins, hooks, logging or checks. It sends the same bytes as Gatehouse, given in
 * ANSWER: constant headers, and the body through a response schema. With a database it runs one named prepared
 * statement through a `pg` pool of the same size. pg parses each timestamptz into a Date, which the response schema
 * prints. With TIMESTAMPS=text, the text of PostgreSQL is converted without a Date.
 */
const { status, headers, body, owner } = JSON.parse(process.env.ANSWER ?? '{}') as {
  status: number
  headers: Record<string, string>
  body: Record<string, unknown>
  owner: string
}
const [text, nullable] = [{ type: 'string' }, { type: ['string', 'null'] }]
const time = process.env.TIMESTAMPS === 'text' ? text : { type: 'string', format: 'date-time' }
const object = (properties: object) => ({ type: 'object', properties })
const task = object({
  id: text,
  title: text,
  description: nullable,
  completed: { type: 'boolean' },
  created_at: time,
  updated_at: time
})
const page = object({ items: { type: 'array', items: task }, next_cursor: nullable })
const fixed = object(
  Object.fromEntries(
    Object.entries(body).map(([name, value]) => [name, { type: value === null ? 'null' : typeof value }])
  )
)
const response = (schema: object) => ({ schema: { response: { [status]: schema } } })
const asText = process.env.TIMESTAMPS === 'text'
const columns = 'id, title, description, completed, created_at, updated_at'
const rfc3339 = (time: string) => `${time.slice(0, 10)}T${time.slice(11, 19)}.${time.slice(20, -3).padEnd(3, '0')}Z`
const getTypeParser: typeof pg.types.getTypeParser = (oid, format) =>
  oid === pg.types.builtins.TIMESTAMPTZ ? rfc3339 : pg.types.getTypeParser(oid, format)

const pool = new pg.Pool({
  connectionString: process.env.DATABASE_URL,
  options: '-c timezone=UTC',
  ...(asText && { types: { getTypeParser } })
})
const app = Fastify()

app.get('/api/auth/me', response(fixed), (_request, reply) => {
  reply.code(status).headers(headers).send(body)
})

app.get('/api/tasks', response(page), async (_request, reply) => {
  reply.headers(headers)
  const { rows } = await pool.query({
    name: 'list',
    text: `select ${columns} from tasks where user_id = $1 order by created_at desc, id desc limit 20`,
    values: [owner]
  })
  return { items: rows, next_cursor: null }
})

app.get<{ Params: { id: string } }>('/api/tasks/:id', response(task), async (request, reply) => {
  reply.headers(headers)
  const { rows } = await pool.query({
    name: 'read',
    text: `select ${columns} from tasks where user_id = $1 and id = $2`,
    values: [owner, request.params.id]
  })
  return rows[0]
})

app.post<{ Body: { title: string } }>('/api/tasks', response(task), async (request, reply) => {
  reply.code(status).headers(headers)
  const { rows } = await pool.query({
    name: 'create',
    text: `insert into tasks (id, user_id, title) values ($1, $2, $3) returning ${columns}`,
    values: [crypto.randomUUID(), owner, request.body.title]
  })
  return rows[0]
})

console.log(JSON.stringify({ url: await app.listen({ host: '127.0.0.1', port: 0 }) }))
process.on('SIGTERM', () => process.exit())
