// The same without types of `request.user`, `app.authenticate` and `app.requireUser`, which a program with @fastify/jwt or
// @gatehouse/server has already.
import { type Guard, guard } from './guard.ts'

declare module 'fastify' {
  interface FastifyInstance {
    guard: Guard
  }
}

export type { GatehouseUser } from './claims.ts'
export { type Guard, type GuardOptions, userOf } from './guard.ts'
export type { Algorithm } from './key-set.ts'
export { Refusal, type RefusalCode } from './refusals.ts'
export type { RevocationOptions } from './revocations.ts'
export { guard }
export default guard
