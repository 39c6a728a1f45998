import type {} from 'node:http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { Logger } from 'pino'

/** Keeps the id of a proxy, so that its log and ours can be joined. */
export function requestId({ headers }: { headers: FastifyRequest['headers'] }): string {
  const given = headers['x-request-id']
  return typeof given === 'string' && /^[\w.-]{8,64}$/.test(given) ? given : crypto.randomUUID()
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Monotonic milliseconds. Undefined where no hook runs. */
    begin: number | undefined
  }
  interface FastifyInstance {
    logRequest: (request: FastifyRequest, reply: FastifyReply) => void
  }
}

declare module 'node:http' {
  interface ServerResponse {
    logged?: boolean
  }
}

/** Logs one line per request, with the route instead of the URL, which may contain secrets. */
export const logging = fp(
  async function logging(app, { log }: { log: Logger }) {
    const { openSpan } = app
    // The logged fields contain no secrets, so pino need not search for them, which would take longer than the line.
    const requests = log.child({}, { redact: [] })

    function logRequest(request: FastifyRequest, { raw, sent, statusCode }: FastifyReply, trace = openSpan?.()): void {
      if (raw.logged) return
      raw.logged = true
      // As in nginx: the client disconnected before the answer.
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
      // Lines contain the request's id themselves.
      request.log = log
      reply.log = log
      request.begin = performance.now()
      const trace = openSpan?.()
      // Not onResponse, which does not run for a client that disconnects before its answer.
      reply.raw.on('close', () => logRequest(request, reply, trace))
      done()
    })
  },
  { name: 'logging' }
)
