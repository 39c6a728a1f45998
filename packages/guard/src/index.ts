import type { GatehouseUser } from './claims.ts'
import type { GuardDecorators } from './guard.ts'

declare module 'fastify' {
  interface FastifyInstance extends GuardDecorators {}
  interface FastifyRequest {
    /** The user of the access token, on routes that require one. */
    user: GatehouseUser
  }
}

export * from './plain.ts'
export { default } from './plain.ts'
