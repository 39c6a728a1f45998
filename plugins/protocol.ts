import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { problems } from '../src/http/problems.ts'
import { answerSocket } from './problems.ts'

/** More than any client sends. Node silently drops headers beyond its own limit. */
const maxHeaders = 100

// Must not be repeated, because two parties might read different values.
const single = ['host', 'authorization']

function repeats(rawHeaders: readonly string[], header: string): boolean {
  let seen = false
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] as string
    if (name.length !== header.length || name.toLowerCase() !== header) continue
    if (seen) return true
    seen = true
  }
  return false
}

// The syntax of Host (RFC 9110, section 7.2): a name or an address, and a port.
const authority = /^([\w.~!$&'()*+,;=%-]+|\[[\da-f:.]+\])(:\d*)?$/i

function isReadable(url: string): boolean {
  try {
    decodeURIComponent(url)
    return true
  } catch {
    return false
  }
}

function checkRequest({ raw, url }: FastifyRequest): void {
  const { rawHeaders, headers, httpVersion } = raw
  if (httpVersion !== '1.1' && httpVersion !== '1.0')
    throw problems.malformedRequest('Only HTTP/1.1 and HTTP/1.0 are supported')
  if (rawHeaders.length > 2 * maxHeaders) throw problems.headersTooLarge()
  for (const name of single)
    if (repeats(rawHeaders, name)) throw problems.malformedRequest(`More than one ${name} header`)
  if (httpVersion === '1.1' ? !authority.test(headers.host ?? '') : headers.host && !authority.test(headers.host))
    throw problems.malformedRequest('The Host header is missing or unreadable')
  const coding = headers['transfer-encoding']
  if (coding !== undefined && (httpVersion === '1.0' || coding.toLowerCase() !== 'chunked'))
    throw problems.malformedRequest('The only Transfer-Encoding is chunked, with HTTP/1.1')
  if (url.includes('%') && !isReadable(url)) throw problems.malformedRequest('The URL is unreadable')
}

/** Refuses valid but dangerous HTTP (RFC 9110, section 5.3; RFC 9112, section 6.1). */
export const protocol = fp(
  async function protocol(app) {
    app.server.maxHeadersCount = 0
    // An unknown expectation may be ignored (RFC 9110, section 10.1.1). Node's own answer would have no headers.
    app.server.on('checkExpectation', (request, response) => app.server.emit('request', request, response))
    // Node would close the connection without an answer.
    app.server.on('connect', (_request, socket) =>
      answerSocket(app, socket, problems.malformedRequest('This is no proxy'), 'CONNECT')
    )
    app.addHook('onRequest', (request, _reply, done) => {
      checkRequest(request)
      done()
    })
  },
  { name: 'protocol' }
)
