import rateLimit from '@fastify/rate-limit'
import type { onRequestHookHandler, preHandlerAsyncHookHandler } from 'fastify'
import fp from 'fastify-plugin'
import { problems } from '../src/problems.ts'

/** Addresses remembered for each limit; the least recently seen goes first. */
const addresses = 50_000

interface Limits {
  enabled: boolean
  auth: number
  unknown: number
}

declare module 'fastify' {
  interface FastifyInstance {
    /** A hook that limits how often one address (IPv6: one /64) may try, a minute; each call makes a limit of its own. */
    limitAttempts: () => onRequestHookHandler
    limitUnknown: preHandlerAsyncHookHandler
  }
}

export const limits = fp(
  async function limits(app, { enabled, auth, unknown }: Limits) {
    const timeWindow = '1 minute'
    await app.register(rateLimit, {
      global: false,
      cache: addresses,
      enableDraftSpec: true,
      errorResponseBuilder: (_request, { ttl }) => problems.tooManyRequests(ttl / 1000)
    })
    const limit = (max: number) => (enabled ? app.rateLimit({ max, timeWindow }) : async () => {})
    app.decorate('limitAttempts', () => limit(auth))
    app.decorate('limitUnknown', limit(unknown))
  },
  { name: 'limits' }
)
