import type { ServerResponse } from 'node:http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'

/** Ids that a proxy gave are kept, so that its log and ours can be joined. */
export function requestId({ headers }: { headers: FastifyRequest['headers'] }): string {
  const given = headers['x-request-id']
  return typeof given === 'string' && /^[\w.-]{8,64}$/.test(given) ? given : crypto.randomUUID()
}

/** Answers that have their line. */
export const logged = new WeakSet<ServerResponse>()

/** One line a request: which route, never the URL, because a URL can hold what a log must not. */
export function logRequest(request: FastifyRequest, reply: FastifyReply): void {
  if (logged.has(reply.raw)) return
  logged.add(reply.raw)
  request.server.log.info(
    {
      method: request.method,
      route: request.routeOptions.url ?? 'unknown',
      // As nginx has it: the client went away before there was an answer.
      status: reply.sent ? reply.statusCode : 499,
      ms: Math.round(reply.elapsedTime * 100) / 100,
      request_id: request.id,
      user_id: request.user?.id,
      refusal: request.refusal
    },
    'request'
  )
}

export const logging = fp(
  async function logging(app) {
    app.addHook('onRequest', (request, reply, done) => {
      // A client that goes away before its answer is out gets no onResponse.
      reply.raw.once('close', () => logRequest(request, reply))
      done()
    })
    app.addHook('onResponse', (request, reply, done) => {
      logRequest(request, reply)
      done()
    })
  },
  { name: 'logging' }
)
