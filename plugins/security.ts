import type { IncomingMessage as Incoming } from 'node:http'
import { Socket } from 'node:net'
import cors, { type FastifyCorsOptions } from '@fastify/cors'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import helmet from 'helmet'
import { IncomingMessage, ServerResponse } from '../src/http/node-http.ts'
import { readOrigins } from '../src/http/origins.ts'

/** helmet's headers for an API that is never shown as a page. They never change, so they are worked out once. */
function apiHeaders(): Record<string, string> {
  const request = new IncomingMessage(new Socket())
  const response = new ServerResponse(request)
  const middleware = helmet({
    contentSecurityPolicy: { useDefaults: false, directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] } },
    xFrameOptions: { action: 'deny' },
    referrerPolicy: { policy: 'no-referrer' }
  })
  middleware(request, response, () => {})
  response.setHeader('cache-control', 'no-store')
  return Object.fromEntries(Object.entries(response.getHeaders()).map(([name, value]) => [name, String(value)]))
}

/** On every answer, whoever writes it. */
export const securityHeaders: Readonly<Record<string, string>> = Object.freeze(apiHeaders())

const corsOptions = {
  credentials: true,
  methods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
  allowedHeaders: [
    ...['authorization', 'content-type', 'idempotency-key', 'if-match', 'if-none-match', 'x-request-id'],
    // What tracing and older libraries add to each call of a page.
    ...['baggage', 'sentry-trace', 'traceparent', 'tracestate', 'x-requested-with']
  ],
  exposedHeaders: ['etag', 'idempotency-replayed', 'location', 'retry-after', 'www-authenticate', 'x-request-id'],
  maxAge: 600,
  strictPreflight: false
}

/** With what @fastify/cors sets whoever asks. */
const fixedHeaders: Record<string, string> = {
  ...securityHeaders,
  vary: 'Origin',
  'access-control-allow-credentials': String(corsOptions.credentials),
  'access-control-expose-headers': corsOptions.exposedHeaders.join(', ')
}
const fixedLines = new Map(Object.entries(fixedHeaders).map(([name, value]) => [name, `${name}: ${value}\r\n`]))
const fixedText = [...fixedLines.values()].join('')

declare module 'node:http' {
  interface ServerResponse {
    /** Node's own, where the head of an answer becomes text: `headers` are by their names in lower case. */
    _storeHeader(statusLine: string, headers: object | undefined): void
  }
}

/**
 * Node's answer, to which the headers that never change are added as the text that they are: checking and joining them
 * for each answer costs as much as checking its token. An answer's own header of the same name stands instead.
 */
export class SecureResponse<R extends Incoming = Incoming> extends ServerResponse<R> {
  override _storeHeader(statusLine: string, headers: object | undefined): void {
    let text = fixedText
    for (const name in headers)
      if (fixedLines.has(name)) {
        text = [...fixedLines].map(([name, line]) => (name in headers ? '' : line)).join('')
        break
      }
    super._storeHeader(statusLine + text, headers)
  }
}

/** For answers that are not of the server's own class: those to app.inject. */
export function addFixedHeaders(reply: FastifyReply): void {
  if (!(reply.raw instanceof SecureResponse)) reply.headers(fixedHeaders)
}

type Hook = (request: FastifyRequest, reply: FastifyReply, done: () => void) => void

/** Registers @fastify/cors but for its hook, which is handed over. */
function corsHook(app: FastifyInstance, options: FastifyCorsOptions): Hook {
  const hooks: Hook[] = []
  const keep = (_name: string, hook: Hook) => hooks.push(hook)
  cors(Object.create(app, { addHook: { value: keep } }), options, () => {})
  return hooks[0] as Hook
}

/**
 * The request's id, security headers, and CORS: @fastify/cors is asked only where there is an Origin,
 * because to all other requests its answer is the same.
 */
export const security = fp(
  async function security(
    app,
    { corsOrigins, corsHeaders }: { corsOrigins: readonly string[]; corsHeaders: readonly string[] }
  ) {
    const { exact, patterns } = readOrigins(corsOrigins)
    const allowedHeaders = [...corsOptions.allowedHeaders, ...corsHeaders]
    const cors = corsHook(app, { ...corsOptions, origin: [...exact, ...patterns], allowedHeaders })
    app.addHook('onRequest', (request, reply, done) => {
      reply.header('x-request-id', request.id)
      addFixedHeaders(reply)
      if (request.headers.origin === undefined && request.raw.method !== 'OPTIONS') done()
      else cors(request, reply, done)
    })
  },
  { name: 'security' }
)
