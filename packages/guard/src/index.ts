import type { GatehouseUser } from './claims.ts'
import { type GuardDecorators, guard } from './guard.ts'

declare module 'fastify' {
  interface FastifyInstance extends GuardDecorators {}
  interface FastifyRequest {
    /** The user of the access token, on routes that require one. */
    user: GatehouseUser
  }
}

export type { GatehouseUser } from './claims.ts'
export type { Guard, GuardOptions } from './guard.ts'
export type { Algorithm } from './key-set.ts'
export { Refusal, type RefusalCode } from './refusals.ts'
export type { RevocationOptions } from './revocations.ts'
export { guard }
export default guard
