import type {} from 'node:http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { Logger } from 'pino'
import { linesOf } from '../src/logging/log.ts'

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

const field = (name: string, value: string | undefined) =>
  value === undefined ? '' : `,"${name}":${JSON.stringify(value)}`

const hundredths = Array.from({ length: 100 }, (_, i) => String(i).padStart(2, '0'))

/** A number with two digits after the point. V8 keeps the text of each fraction that it is asked for, and promotes it: these are few. */
function inHundredths(value: number): string {
  const rounded = Math.round(value * 100)
  return `${Math.trunc(rounded / 100)}.${hundredths[rounded % 100]}`
}

/** One line a request: which route, never the URL, because a URL can hold what a log must not. */
export const logging = fp(
  async function logging(app, { log }: { log: Logger }) {
    const { openSpan } = app
    const write = linesOf(log)

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
      // The method and the id hold nothing to escape: Node's parser and requestId see to it.
      const what = `"method":"${method}"${field('route', route)},"status":${status}`
      const when = `"ms":${inHundredths(milliseconds)},"request_id":"${id}"`
      const where = trace ? field('trace_id', trace.trace_id) + field('span_id', trace.span_id) : ''
      const who = field('user_id', request.user?.id) + field('refusal', request.refusal)
      write?.(`${what},${when}${where}${who},"msg":"request"`)
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
