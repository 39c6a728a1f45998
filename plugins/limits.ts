import rateLimit, { type FastifyRateLimitStore } from '@fastify/rate-limit'
import type { FastifyRequest, HTTPMethods, onRequestHookHandler, preHandlerAsyncHookHandler } from 'fastify'
import fp from 'fastify-plugin'
import { problems } from '../src/http/problems.ts'
import type { SharedCounts } from '../src/redis/redis.ts'
import { createWindows } from '../src/redis/windows.ts'

const maxAddresses = 50_000

interface Limits {
  enabled: boolean
  auth: number
  unknown: number
  shared?: SharedCounts | undefined
}

// The Redis store of @fastify/rate-limit fails or is off when Redis is down.
const storeOf = (shared: SharedCounts) =>
  class Store implements FastifyRateLimitStore {
    #windows = createWindows(shared, { kind: 'limit', maxEntries: maxAddresses })

    incr(name: string, done: Parameters<FastifyRateLimitStore['incr']>[1], length: number, max: number): void {
      this.#windows
        .count([{ name, length, max }], { isFinal: true })
        .then(({ wait, count, ttl }) => done(null, { current: wait > 0 ? max + 1 : count, ttl }), done)
    }

    child(): Store {
      return new Store()
    }
  }

declare module 'fastify' {
  interface FastifyInstance {
    /** Returns a hook that limits attempts per minute and address (IPv6: /64). Each call creates a separate limit. */
    limitAttempts: () => onRequestHookHandler
    /** The routes with such a hook of their own. */
    limitedRoutes: readonly { method: HTTPMethods; url: string }[]
    limitUnknown: preHandlerAsyncHookHandler
  }
}

export const limits = fp(
  async function limits(app, { enabled, auth, unknown, shared }: Limits) {
    const timeWindow = 60_000
    await app.register(rateLimit, {
      global: false,
      cache: maxAddresses,
      ...(shared && { store: storeOf(shared) }),
      enableDraftSpec: true,
      errorResponseBuilder: (_request, { ttl }) => problems.tooManyRequests(ttl / 1000)
    })
    const limit = (max: number, nameOf: (request: FastifyRequest) => string) =>
      enabled
        ? app.rateLimit({ max, timeWindow, keyGenerator: (request) => `${nameOf(request)} ${request.client.prefix}` })
        : async () => {}
    const route = ({ method, routeOptions }: FastifyRequest) => `${method} ${routeOptions.url}`
    const limiters = new WeakSet<object>()
    const limitedRoutes: { method: HTTPMethods; url: string }[] = []
    function limitAttempts(): onRequestHookHandler {
      const hook = limit(auth, route)
      limiters.add(hook)
      return hook
    }
    app.addHook('onRoute', ({ method, url, onRequest }) => {
      if ([onRequest ?? []].flat().some((hook) => limiters.has(hook)))
        for (const each of [method].flat()) limitedRoutes.push({ method: each, url })
    })
    app.decorate('limitAttempts', limitAttempts)
    app.decorate('limitedRoutes', limitedRoutes)
    app.decorate(
      'limitUnknown',
      limit(unknown, () => 'unknown')
    )
  },
  { name: 'limits' }
)
