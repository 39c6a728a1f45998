import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { isDataException, isOverQuota, isUnavailable, isUserGone } from '../src/database/failures.ts'
import { responseInFlight } from '../src/http/bounded-server.ts'
import { Problem, problems } from '../src/http/problems.ts'
import { fieldErrors } from './validation.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Why the request was refused, for its log line. */
    refusal: string | undefined
  }
}

const mediaType = 'application/problem+json'
/** Milliseconds that the client of a bare socket gets to read its answer and close. */
const patience = 1_000

/** What Fastify and its plugins throw, as a problem of the catalogue. */
function toProblem(error: FastifyError | Problem): Problem {
  if (error instanceof Problem) return error
  if (error.validation) return problems.validationFailed(fieldErrors(error.validation))
  if (error.statusCode === 413) return problems.payloadTooLarge()
  if (error.statusCode !== undefined && error.statusCode < 500)
    return problems.malformedRequest('The request is unreadable')
  if (isUnavailable(error)) return problems.unavailable(`database: ${error.message}`)
  if (isUserGone(error)) return problems.tokenRevoked('user is gone')
  if (isOverQuota(error)) return problems.quotaExceeded()
  if (isDataException(error)) return problems.malformedRequest('A value cannot be stored')
  return problems.internalError()
}

function send(thrown: FastifyError | Problem, request: FastifyRequest, reply: FastifyReply) {
  const problem = toProblem(thrown)
  request.refusal = problem.reason
  request.server.metrics?.problem(problem)
  // What we refuse on purpose has its reason in the request's line.
  if (problem.status >= 500 && problem !== thrown)
    request.log.error({ err: thrown, request_id: request.id }, problem.message)
  return reply
    .code(problem.status)
    .headers(request.server.securityHeaders)
    .header('x-request-id', request.id)
    .headers(problem.headers)
    .header('content-type', mediaType)
    .send(JSON.stringify(problem.body(request.id)))
}

/** Fastify's `frameworkErrors`: URLs that no route can be looked up for. No hook runs for them, so this does what hooks do. */
export function answerFrameworkError(_error: FastifyError, request: FastifyRequest, reply: FastifyReply): void {
  send(problems.malformedRequest('The URL is unreadable'), request, reply)
  request.server.logRequest(request, reply)
}

/** Writes a problem on a bare socket, for what never became a request, and closes it. */
export function answerSocket(app: FastifyInstance, socket: Duplex, problem: Problem, refusal: string): void {
  const inFlight = responseInFlight(socket)
  // Nobody else listens, once Node has handed a socket over.
  socket.on('error', () => socket.destroy())
  // An answer that has begun cannot become another.
  if (inFlight?.headersSent || !socket.writable) return void socket.destroy()
  const requestId = crypto.randomUUID()
  const body = JSON.stringify(problem.body(requestId))
  const headers = {
    ...app.securityHeaders,
    'x-request-id': requestId,
    'content-type': mediaType,
    'content-length': Buffer.byteLength(body),
    connection: 'close'
  }
  // Else the one in flight is an earlier request of the connection, with a log line of its own.
  if (inFlight && !inFlight.req.complete) inFlight.logged = true
  app.metrics?.problem({ code: problem.code, reason: refusal })
  app.log.info({ route: 'unknown', status: problem.status, request_id: requestId, refusal }, 'request')
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`)
  const answer = `HTTP/1.1 ${problem.status} ${problem.body(requestId).title}\r\n${lines.join('\r\n')}\r\n\r\n${body}`
  // Whoever keeps the other half open, or does not read, is cut.
  const cut = setTimeout(() => socket.destroy(), patience)
  socket.once('close', () => clearTimeout(cut))
  socket.end(answer)
}

/** What Node's parser says of what came in, as a problem; the URL counts as one of the headers (RFC 6585, section 5). */
function parserProblem(code: string | undefined): Problem {
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return problems.requestTimeout()
  if (code === 'HPE_HEADER_OVERFLOW') return problems.headersTooLarge()
  return problems.malformedRequest('Not readable as HTTP')
}

/** Node's `clientError`: what is not HTTP, or does not come in time, is answered on the bare socket and cut off. */
export function answerParserError(this: FastifyInstance, error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET') return void socket.destroy()
  answerSocket(this, socket, parserProblem(error.code), String(error.code))
}

/** One place that turns whatever was thrown into bytes. */
export const problemDetails = fp(
  async function problems(app) {
    app.decorateRequest('refusal')
    app.setErrorHandler(send)
  },
  { name: 'problems' }
)
