import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { betterAuth } from 'better-auth'
import { getMigrations } from 'better-auth/db/migration'
import { toNodeHandler } from 'better-auth/node'
import { jwt } from 'better-auth/plugins'
import pg from 'pg'

/** Better Auth as documented, with the JWT plugin. Its rate limit of ten requests a second is off. */
const http = createServer((request, reply) => void toNodeHandler(auth)(request, reply))
await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
const url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`

const auth = betterAuth({
  baseURL: url,
  secret: process.env.BETTER_AUTH_SECRET ?? '',
  database: new pg.Pool({ connectionString: process.env.DATABASE_URL, options: '-c search_path=better_auth' }),
  emailAndPassword: { enabled: true },
  plugins: [jwt()],
  rateLimit: { enabled: false },
  telemetry: { enabled: false },
  // It warns about tables that are created just below.
  logger: { disabled: true }
})
await (await getMigrations(auth.options)).runMigrations()
console.log(JSON.stringify({ url }))
process.on('SIGTERM', () => process.exit())
