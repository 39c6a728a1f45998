import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { problems } from '../src/problems.ts'

/** More than any client sends; what comes after Node's own limit would be cut off in silence. */
const maxHeaders = 100

/** Headers of which two would let two parties of a connection read different ones. */
const single = new Set(['host', 'authorization'])

function checkHeaders({ raw }: FastifyRequest): void {
  const { rawHeaders } = raw
  if (rawHeaders.length > 2 * maxHeaders) throw problems.malformedRequest('Too many headers')
  const seen = new Set<string>()
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]?.toLowerCase() ?? ''
    if (!single.has(name)) continue
    if (seen.has(name)) throw problems.malformedRequest(`More than one ${name} header`)
    seen.add(name)
  }
  if (raw.httpVersion === '1.0' && raw.headers['transfer-encoding'] !== undefined)
    throw problems.malformedRequest('Transfer-Encoding is not part of HTTP/1.0')
}

/** Refuses requests that are HTTP by the letter and mean mischief (RFC 9110 section 5.3, RFC 9112 section 6.1). */
export const protocol = fp(
  async function protocol(app) {
    app.server.maxHeadersCount = 0
    // RFC 9110, section 10.1.1: an expectation we do not know may be ignored; Node's own answer has no headers.
    app.server.on('checkExpectation', (request, response) => app.server.emit('request', request, response))
    app.addHook('onRequest', async (request) => checkHeaders(request))
  },
  { name: 'protocol' }
)
