import type { ServerResponse } from 'node:http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'

/** Ids that a proxy gave are kept, so that its log and ours can be joined. */
export function requestId({ headers }: { headers: FastifyRequest['headers'] }): string {
  const given = headers['x-request-id']
  return typeof given === 'string' && /^[\w.-]{8,64}$/.test(given) ? given : crypto.randomUUID()
}

/** One line a request: which route, never the URL, because a URL can hold what a log must not. */
export function logRequest(request: FastifyRequest, reply: FastifyReply): void {
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

/** Answers written past Fastify, on the bare socket, by whoever logs them too. */
export const answeredElsewhere = new WeakSet<ServerResponse>()

export const logging = fp(
  async function logging(app) {
    app.addHook('onRequest', (request, reply, done) => {
      reply.raw.once('close', () => {
        if (!reply.raw.writableFinished && !answeredElsewhere.has(reply.raw)) logRequest(request, reply)
      })
      done()
    })
    app.addHook('onResponse', (request, reply, done) => {
      logRequest(request, reply)
      done()
    })
  },
  { name: 'logging' }
)
