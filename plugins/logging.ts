import type {} from 'node:http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { Logger } from 'pino'

/** Ids that a proxy gave are kept, so that its log and ours can be joined. */
export function requestId({ headers }: { headers: FastifyRequest['headers'] }): string {
  const given = headers['x-request-id']
  return typeof given === 'string' && /^[\w.-]{8,64}$/.test(given) ? given : crypto.randomUUID()
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Milliseconds of the process's own clock. Undefined where no hook runs. */
    begin: number | undefined
  }
  interface FastifyInstance {
    logRequest: (request: FastifyRequest, reply: FastifyReply) => void
  }
}

declare module 'node:http' {
  interface ServerResponse {
    /** Whether it has its line. */
    logged?: boolean
  }
}

/** One line a request: which route, never the URL, because a URL can hold what a log must not. */
export const logging = fp(
  async function logging(app, { log }: { log: Logger }) {
    const { openSpan } = app
    // What is logged of a request holds no secret: to look for one would take longer than the line.
    const requests = log.child({}, { redact: [] })

    function logRequest(request: FastifyRequest, { raw, sent, statusCode }: FastifyReply, trace = openSpan?.()): void {
      if (raw.logged) return
      raw.logged = true
      // As nginx has it: the client went away before there was an answer.
      const status = sent ? statusCode : 499
      const { id, method, server } = request
      const now = performance.now()
      const milliseconds = now - (request.begin ?? now)
      const route = request.routeOptions.url ?? 'unknown'
      server.metrics?.request(route, method, status, milliseconds / 1000)
      const ms = Math.round(milliseconds * 100) / 100
      const { user, refusal } = request
      requests.info({ method, route, status, ms, request_id: id, ...trace, user_id: user?.id, refusal }, 'request')
    }

    app.decorate('logRequest', logRequest)
    app.decorateRequest('begin')
    app.addHook('onRequest', (request, reply, done) => {
      request.begin = performance.now()
      const trace = openSpan?.()
      // Not onResponse: a client that goes away before its answer is out gets none.
      reply.raw.on('close', () => logRequest(request, reply, trace))
      done()
    })
  },
  { name: 'logging' }
)
