import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { betterAuth } from 'better-auth'
import { getMigrations } from 'better-auth/db/migration'
import { toNodeHandler } from 'better-auth/node'
import { bearer, jwt } from 'better-auth/plugins'
import type { Test } from 'tap'
import type { Algorithm } from '../../src/auth/tokens/jwks.ts'
import { password, secret } from './app.ts'
import { betterAuthDatabase } from './better-auth-database.ts'

interface Options {
  algorithm?: Algorithm
  ids?: 'serial' | 'uuid'
  /** How the cookie cache of the session is protected; `keys` uses the JWKS, the others the secret. */
  cache?: 'compact' | 'jwe' | 'jwt' | 'keys'
  /** Another server that shares users and keys. */
  beside?: { schema: string }
}

/** A user who signs up in a browser, with the browser's cookies and tokens. */
async function signUp(url: string, email = `${crypto.randomUUID()}@example.com`) {
  const cookies = new Map<string, string>()

  async function call(path: string, body?: object): Promise<Response> {
    const cookie = [...cookies].map((pair) => pair.join('=')).join('; ')
    const answer = await fetch(`${url}/api/auth${path}`, {
      ...(body && { method: 'POST', body: JSON.stringify(body) }),
      redirect: 'manual',
      headers: { origin: url, cookie, 'content-type': 'application/json' }
    })
    assert.ok(answer.status < 400, `${path}: ${answer.status} ${await answer.clone().text()}`)
    for (const line of answer.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
      cookies.set(name, value)
    }
    return answer
  }

  const answer = await call('/sign-up/email', { email, name: 'Somebody', password })
  const { token: sessionToken, user } = (await answer.json()) as { token: string; user: { id: string } }
  return {
    id: user.id,
    email,
    cookies,
    call,
    sessionToken,
    /** The token that the bearer plugin returns beside the cookie. */
    bearerToken: String(answer.headers.get('set-auth-token')),
    token: async (): Promise<string> => ((await (await call('/token')).json()) as { token: string }).token
  }
}

/** Starts real Better Auth servers until the test ends: one database, and a schema and port each. */
export async function betterAuthServers(t: Test) {
  const db = await betterAuthDatabase(t)

  return async function start({ algorithm: alg = 'EdDSA', ids, cache, beside }: Options = {}) {
    const schema = beside?.schema ?? `s${crypto.randomUUID().slice(0, 8)}`
    const http = createServer((request, reply) => void toNodeHandler(auth)(request, reply))
    // Otherwise an idle connection may close just as it is reused.
    http.keepAliveTimeout = 0
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
    t.teardown(() => {
      http.close()
      http.closeAllConnections()
    })
    const url = `http://localhost:${(http.address() as AddressInfo).port}`
    const mails: string[] = []
    const mail = async ({ token }: { token: string }) => void mails.push(token)

    const auth = betterAuth({
      baseURL: url,
      secret,
      database: { db, type: 'postgres', schemaName: schema },
      emailAndPassword: { enabled: true },
      emailVerification: { sendOnSignUp: true, sendVerificationEmail: mail },
      user: { changeEmail: { enabled: true, sendChangeEmailConfirmation: mail } },
      session: cache ? { cookieCache: { enabled: true, strategy: cache === 'keys' ? 'jwt' : cache } } : {},
      advanced: { database: ids ? { generateId: ids } : {} },
      plugins: [
        jwt({
          sessionCookieCache: cache === 'keys',
          jwks: { keyPairConfig: alg === 'EdDSA' ? { alg, crv: 'Ed25519' } : { alg } }
        }),
        bearer()
      ],
      rateLimit: { enabled: false },
      telemetry: { enabled: false },
      logger: { disabled: true }
    })
    if (!beside) await (await getMigrations(auth.options)).runMigrations()

    return {
      url,
      schema,
      mails,
      signUp: (email?: string) => signUp(url, email),
      /** Its entry in TRUSTED_ISSUERS. */
      trusted: { issuer: url, audience: url, jwks_url: `${url}/api/auth/jwks`, algorithms: [alg] },
      /** Signs any claims with its keys. */
      sign: async (payload: Record<string, unknown>) => (await auth.api.signJWT({ body: { payload } })).token,
      /** Its keys in its database. */
      keys: db.withSchema(schema)
    }
  }
}

export type BetterAuth = Awaited<ReturnType<Awaited<ReturnType<typeof betterAuthServers>>>>
