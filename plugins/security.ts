import cors from '@fastify/cors'
import helmet from '@fastify/helmet'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { readOrigins } from '../src/http/origins.ts'

declare module 'fastify' {
  interface FastifyInstance {
    securityHeaders: Readonly<Record<string, string>>
  }
}

export type ContentPolicy = Readonly<Record<string, readonly string[]>>

// The API is never shown as a page.
const apiPolicy: ContentPolicy = { 'default-src': ["'none'"], 'frame-ancestors': ["'none'"] }

const helmetOptions = (policy: ContentPolicy) =>
  ({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: Object.fromEntries(Object.entries(policy).map(([name, values]) => [name, [...values]]))
    },
    xFrameOptions: { action: 'deny' },
    referrerPolicy: { policy: 'no-referrer' }
  }) as const

// Computing the headers for each answer would cost 15 µs.
async function askHelmet(probe: FastifyInstance): Promise<Record<string, string>> {
  await probe.register(helmet, helmetOptions(apiPolicy))
  probe.get('/', (_request, reply) => reply.send(reply.raw.getHeaders()))
  const answer = await probe.inject('/')
  return answer.json()
}

/** Gives a scope another CSP than the API's; its errors keep the API's. */
export async function usePolicy(scope: FastifyInstance, policy: ContentPolicy): Promise<void> {
  // Helmet writes to Node's response, where a header of Fastify's reply would replace one of the same name.
  scope.addHook('onRequest', (_request, reply, done) => {
    reply.removeHeader('content-security-policy')
    done()
  })
  await scope.register(helmet, helmetOptions(policy))
}

const corsOptions = {
  credentials: true,
  methods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
  allowedHeaders: [
    ...['authorization', 'content-type', 'idempotency-key', 'if-match', 'if-none-match', 'x-request-id'],
    // Headers that tracing and older libraries add to requests.
    ...['baggage', 'sentry-trace', 'traceparent', 'tracestate', 'x-requested-with']
  ],
  // One text, because the plugin joins a list for each answer.
  exposedHeaders: 'etag, idempotency-replayed, location, retry-after, www-authenticate, x-request-id',
  maxAge: 600,
  strictPreflight: false
}

interface Options {
  corsOrigins: readonly string[]
  corsHeaders: readonly string[]
  /** A separate app to ask helmet for its headers, because this app cannot answer before it is ready. */
  probe: FastifyInstance
}

export const security = fp(
  async function security(app, { corsOrigins, corsHeaders, probe }: Options) {
    const headers = Object.freeze({ ...(await askHelmet(probe)), 'cache-control': 'no-store' })
    app.decorate('securityHeaders', headers)
    app.addHook('onRequest', (request, reply, done) => {
      reply.headers(headers).header('x-request-id', request.id)
      done()
    })
    const { exact, patterns } = readOrigins(corsOrigins)
    const allowedHeaders = [...corsOptions.allowedHeaders, ...corsHeaders]
    await app.register(cors, { ...corsOptions, origin: [...exact, ...patterns], allowedHeaders })
  },
  { name: 'security' }
)
