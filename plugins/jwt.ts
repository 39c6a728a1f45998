import fastifyJwt from '@fastify/jwt'
import fp from 'fastify-plugin'
import { ACCESS_TOKEN_TYPE } from '../src/auth/tokens/access-tokens.ts'
import type { Secret } from '../src/config/secrets.ts'

declare module '@fastify/jwt' {
  interface FastifyJWT {
    /** Each secret's `kid`. */
    namespaces: string
  }
}

/** Signs and verifies JWTs under each secret: `app.jwt[kid]`. */
export const jwt = fp(
  async function jwt(app, { secrets }: { secrets: readonly Secret[] }) {
    for (const { kid, secret } of secrets)
      await app.register(fastifyJwt, {
        namespace: kid,
        secret,
        sign: { algorithm: 'HS256', header: { alg: 'HS256', typ: ACCESS_TOKEN_TYPE, kid } },
        // src/auth/tokens judges the times, by the app's clock; and remembers tokens, whose payload this cache would share.
        verify: { algorithms: ['HS256'], ignoreExpiration: true, ignoreNotBefore: true, cache: false }
      })
  },
  { name: 'jwt' }
)
