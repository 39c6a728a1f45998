import { password } from './http.ts'
import { secret, startMeasured } from './measured.ts'
import type { BenchDatabase } from './service.ts'
import { get, type Subject } from './subject.ts'
import { mint } from './tokens.ts'

const me = '/api/auth/me'

/** The official plugins, with a token like ours. */
export async function stock(): Promise<Subject> {
  const server = await startMeasured('bench/helpers/stock-server.ts', { BETTER_AUTH_SECRET: secret })
  return { server, status: 200, request: get(me, mint(1)), logs: true }
}

/** Better Auth on the same PostgreSQL, with the cookie of a signed-up user. */
export async function betterAuth(database: BenchDatabase | undefined, path: string): Promise<Subject> {
  await database?.query('create schema if not exists better_auth')
  const settings = { BETTER_AUTH_SECRET: secret, DATABASE_URL: database?.url ?? '' }
  const server = await startMeasured('bench/helpers/better-auth-server.ts', settings)
  const signedUp = await fetch(`${server.url}/api/auth/sign-up/email`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin: server.url },
    body: JSON.stringify({ name: 'Somebody', email: `${crypto.randomUUID()}@example.com`, password })
  })
  if (!signedUp.ok) throw new Error(`Better Auth: ${signedUp.status} ${await signedUp.text()}`)
  const cookie = signedUp.headers
    .getSetCookie()
    .map((line) => line.split(';')[0])
    .join('; ')
  return { server, status: 200, request: { ...get(path), headers: { cookie } }, yardstick: get(me) }
}
