import { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import cors from '@fastify/cors'
import fp from 'fastify-plugin'
import helmet from 'helmet'

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

/** Security headers, the request's id, and CORS for exact origins. */
export const security = fp(
  async function security(app, { corsOrigins }: { corsOrigins: string[] }) {
    app.addHook('onRequest', (request, reply, done) => {
      reply.headers(securityHeaders).header('x-request-id', request.id)
      done()
    })
    await app.register(cors, {
      origin: corsOrigins,
      credentials: true,
      methods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
      allowedHeaders: ['authorization', 'content-type', 'x-request-id'],
      exposedHeaders: ['location', 'retry-after', 'www-authenticate', 'x-request-id'],
      maxAge: 600,
      strictPreflight: false
    })
  },
  { name: 'security' }
)
