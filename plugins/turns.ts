import { AsyncResource } from 'node:async_hooks'
import type { FastifyInstance, FastifyReply, FastifyRequest, RouteOptions } from 'fastify'
import fp from 'fastify-plugin'
import { registerPools } from '../src/database/pools.ts'
import { problems } from '../src/http/problems.ts'
import { createFairQueue, type FairQueue } from '../src/util/fair-queue.ts'

declare module 'fastify' {
  interface FastifyInstance {
    takeTurns: () => void
  }
  interface FastifyContextConfig {
    /** `none`: the route makes no query; `hash`: it hashes a password before its queries. */
    turn?: 'none' | 'hash'
  }
  interface FastifyRequest {
    /** The turn that the request has, and since when in milliseconds. */
    turn: { queue: FairQueue; since: number } | undefined
  }
}

const patience = 800
/** Waiting requests per user: with bodies of 64 KiB, 16 MiB. */
const waiting = 256

/** Two of the ten connections are left for logins, and one user cannot take all the others. */
const pooled = { slots: 8, perKey: 2, waiting, patience }
/** The embedded engine runs one query at a time, in this thread. With one slot, the time of each user is known. */
const embedded = { slots: 1, perKey: 1, waiting, patience }
/** The bcrypt queue limits these, and for much longer than a query takes. */
const hashing = { slots: 1_000, perKey: 4, waiting: 16, patience: 5_000 }

/** A turn of the event loop accepts one new connection. */
const maxConnectionsBetween = 64

interface Options {
  isEmbedded: boolean
  bounds?: typeof pooled
  /** Replaces the patience of all. */
  queueWait?: number | undefined
  clock?: () => number
}

/** Limits the concurrent database requests of each user; users take turns. */
export const turns = fp(
  async function turns(
    app,
    { isEmbedded, bounds = isEmbedded ? embedded : pooled, queueWait, clock = () => performance.now() }: Options
  ) {
    const databaseQueue = createFairQueue(bounds)
    const hashQueue = createFairQueue(hashing)
    registerPools(app.db, {
      turns: {
        get totalCount() {
          return databaseQueue.running
        },
        idleCount: 0,
        get waitingCount() {
          return databaseQueue.waiting
        }
      }
    })

    function take(request: FastifyRequest, _reply: FastifyReply, done: (error?: Error) => void): void {
      const { turn } = request.routeOptions.config
      if (turn === 'none') {
        done()
        return
      }
      const { id } = request.user
      const queue = turn === 'hash' ? hashQueue : databaseQueue
      let timer: NodeJS.Timeout | undefined
      let started = false
      let resume = done
      function start(): void {
        started = true
        clearTimeout(timer)
        request.turn = { queue, since: clock() }
        resume()
      }
      function giveUp(): void {
        queue.abandon(id, start)
        done(problems.unavailable('turns'))
      }
      if (!queue.enter(id, start)) done(problems.tooManyRequests(1))
      else if (!started) {
        // Otherwise it would go on in the context of the request before it, and its spans would join that trace.
        const context = new AsyncResource('turn')
        resume = () => context.runInAsyncScope(done)
        timer = setTimeout(giveUp, queueWait ?? (turn === 'hash' ? hashing : bounds).patience)
      }
    }

    /**
     * With the embedded engine the next one waits for the event loop, because the engine would run all that wait without
     * reading a socket: one turn of the loop for each millisecond, so that new connections do not wait for many requests
     * of others.
     */
    function rest(queue: FairQueue, key: string, since: number): void {
      let turns = Math.min(Math.ceil(clock() - since), maxConnectionsBetween)
      function turn(): void {
        turns -= 1
        if (turns > 0) setImmediate(turn)
        else queue.leave(key)
      }
      setImmediate(turn)
    }

    function giveBack(request: FastifyRequest): void {
      const { turn } = request
      request.turn = undefined
      if (turn && isEmbedded) rest(turn.queue, request.user.id, turn.since)
      else if (turn) queueMicrotask(() => turn.queue.leave(request.user.id))
    }

    /** Not after sending, because a slow reader would keep its turn. */
    function leave(
      request: FastifyRequest,
      _reply: FastifyReply,
      payload: unknown,
      done: (error: null, payload: unknown) => void
    ): void {
      giveBack(request)
      done(null, payload)
    }

    /** A handler that answers by itself (reply.hijack) passes by onSend. It may keep the connection open for hours. */
    function leaveAfter(handler: RouteOptions['handler']): RouteOptions['handler'] {
      return function inTurn(request, reply) {
        function check(): void {
          if (request.turn && reply.sent) giveBack(request)
        }
        const answer = handler.call(this, request, reply)
        if (answer instanceof Promise) answer.then(check, check)
        else check()
        return answer
      }
    }

    function takeTurns(this: FastifyInstance): void {
      this.addHook('onRoute', (route) => {
        if (route.config?.turn !== 'none') route.handler = leaveAfter(route.handler)
      })
      this.addHook('preHandler', take)
      this.addHook('onSend', leave)
    }

    app.decorateRequest('turn')
    app.decorate('takeTurns', takeTurns)
  },
  { name: 'turns', dependencies: ['database', 'authentication'] }
)
