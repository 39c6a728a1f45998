import fastifyJwt from '@fastify/jwt'
import fp from 'fastify-plugin'
import { jwtOptions } from '../src/auth/tokens/secret-keys.ts'
import type { Secret } from '../src/config/secrets.ts'

declare module '@fastify/jwt' {
  interface FastifyJWT {
    namespaces: string
  }
}

/** Registers @fastify/jwt for each secret: `app.jwt[kid]`. */
export const jwt = fp(
  async function jwt(app, { secrets }: { secrets: readonly Secret[] }) {
    for (const { kid, secret } of secrets)
      await app.register(fastifyJwt, { namespace: kid, secret, ...jwtOptions(kid) })
  },
  { name: 'jwt' }
)
