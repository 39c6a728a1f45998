import type { FastifyInstance, InjectOptions } from 'fastify'
import { sql } from 'kysely'
import { caller, password } from './app.ts'

export interface Issued {
  access_token: string
  expires_in: number
  refresh_token: string
  refresh_expires_in: number
  user: { id: string; email: string }
}

/** The session that a refresh token belongs to. */
export function sessionOf(token: string): string {
  const hex = Buffer.from(token, 'base64url').toString('hex')
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12}).*/, '$1-$2-$3-$4-$5')
}

/** Operations on sessions for tests, by the API and directly in the database. */
export function refreshing(app: FastifyInstance) {
  const refresh = (refresh_token: string, options?: InjectOptions) =>
    caller(app).post('/api/auth/refresh', { refresh_token }, options)

  /** A new user, with the answer to the registration. */
  async function register(options?: InjectOptions): Promise<Issued> {
    const body = { email: `${crypto.randomUUID()}@example.com`, name: 'Somebody', password }
    return (await caller(app).post('/api/auth/register', body, options)).json()
  }

  /** Another session of the same user. */
  async function login({ user }: Issued, options?: InjectOptions): Promise<Issued> {
    return (await caller(app).post('/api/auth/login', { email: user.email, password }, options)).json()
  }

  /** Moves these times of a session so many seconds into the past. */
  async function age(token: string, columns: ('rotated_at' | 'created_at' | 'expires_at')[], seconds: number) {
    const back = (column: string) => sql<string>`${sql.ref(column)} - make_interval(secs => ${seconds})`
    const changes = Object.fromEntries(columns.map((column) => [column, back(column)]))
    await app.db.updateTable('sessions').set(changes).where('id', '=', sessionOf(token)).execute()
  }

  const rowOf = (token: string) =>
    app.db.selectFrom('sessions').selectAll().where('id', '=', sessionOf(token)).executeTakeFirst()

  /** The names of security events on a session. */
  const eventsOf = async (token: string) => {
    const rows = await app.db
      .selectFrom('security_events')
      .selectAll()
      .where('session_id', '=', sessionOf(token))
      .orderBy('id')
      .execute()
    return rows.map(({ event }) => event)
  }

  return { refresh, register, login, age, rowOf, eventsOf }
}
