import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { inspect } from 'node:util'
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import {
  brokenConstraint,
  isDataException,
  isEmailTaken,
  isOverQuota,
  isUnavailable,
  isUserGone
} from '../src/database/failures.ts'
import { responseInFlight } from '../src/http/bounded-server.ts'
import { Problem, type ProblemFactory, problems } from '../src/http/problems.ts'
import { fieldErrors } from './validation.ts'

declare module 'fastify' {
  interface FastifyRequest {
    refusal: string | undefined
  }
  interface FastifyInstance {
    /** Those that a product defines. */
    ownProblems: readonly ProblemFactory[]
  }
}

const mediaType = 'application/problem+json'
// Milliseconds for the client to read its answer and close the connection.
const closeTimeout = 1_000

/** Statuses that the catalogue has a problem for. Their errors say the same without it. */
const ofStatus: Record<number, (reason: string) => Problem> = {
  400: () => problems.malformedRequest('The request is unreadable'),
  401: problems.notAuthenticated,
  403: problems.forbidden,
  404: () => problems.notFound('Resource'),
  408: problems.requestTimeout,
  412: problems.preconditionFailed,
  413: problems.payloadTooLarge,
  415: problems.unsupportedMediaType,
  429: () => problems.tooManyRequests(1)
}

/** The problem of an error that says its status, as errors of Fastify and of its plugins do. */
const refused = (status: number, { message }: Error) =>
  ofStatus[status]?.(message) ?? problems.requestRefused(status, message)

const isRefusal = (status: unknown): status is number =>
  Number.isInteger(status) && Math.trunc(Number(status) / 100) === 4

function toProblem(error: unknown, ofProduct: readonly ProblemFactory[]): Problem {
  if (error instanceof Problem) return error
  // JavaScript throws anything: null, undefined, a text.
  if (!(error instanceof Error)) return problems.internalError()
  const { validation, statusCode } = error as Partial<FastifyError>
  if (validation) return problems.validationFailed(fieldErrors(validation))
  if (isRefusal(statusCode)) return refused(statusCode, error)
  if (statusCode === 503) return problems.unavailable(error.message)
  const constraint = brokenConstraint(error)
  const known = constraint !== undefined && ofProduct.find(({ definition }) => definition.constraint === constraint)
  if (known) return known()
  if (isUnavailable(error)) return problems.unavailable(`database: ${error.message}`)
  if (isUserGone(error)) return problems.tokenRevoked('user is gone')
  if (isEmailTaken(error)) return problems.emailTaken()
  if (isOverQuota(error)) return problems.quotaExceeded()
  if (isDataException(error)) return problems.malformedRequest('A value cannot be stored')
  return problems.internalError()
}

/** For the log, which has the stack of an error only. */
const asError = (thrown: unknown) =>
  thrown instanceof Error ? thrown : new Error(`no error was thrown, but ${inspect(thrown, { depth: 1 })}`)

function send(thrown: unknown, request: FastifyRequest, reply: FastifyReply) {
  const problem = toProblem(thrown, request.server.ownProblems)
  request.refusal = problem.reason
  request.server.metrics?.problem(problem)
  // A deliberate refusal has its reason in the request's line.
  if (problem.status >= 500 && problem !== thrown)
    request.server.log.error({ err: asError(thrown), request_id: request.id }, problem.message)
  return reply
    .code(problem.status)
    .headers(request.server.securityHeaders)
    .header('x-request-id', request.id)
    .headers(problem.headers)
    .header('content-type', mediaType)
    .send(JSON.stringify(problem.body(request.id)))
}

/** Fastify's `frameworkErrors`, for URLs that the router cannot read. No hooks run for them, so this does their work. */
export function answerFrameworkError(_error: FastifyError, request: FastifyRequest, reply: FastifyReply): void {
  send(problems.malformedRequest('The URL is unreadable'), request, reply)
  request.server.logRequest(request, reply)
}

/** Writes a problem to the socket of something that is not a request, and closes it. */
export function answerSocket(app: FastifyInstance, socket: Duplex, problem: Problem, refusal: string): void {
  const inFlight = responseInFlight(socket)
  // Node removes its own error listener from such a socket.
  socket.on('error', () => socket.destroy())
  // An answer in progress must not be interrupted.
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
  // Otherwise an earlier request of the connection is in flight, with its own log line.
  if (inFlight && !inFlight.req.complete) inFlight.logged = true
  app.metrics?.problem({ code: problem.code, reason: refusal })
  app.log.info({ route: 'unknown', status: problem.status, request_id: requestId, refusal }, 'request')
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`)
  const answer = `HTTP/1.1 ${problem.status} ${problem.body(requestId).title}\r\n${lines.join('\r\n')}\r\n\r\n${body}`
  const cut = setTimeout(() => socket.destroy(), closeTimeout)
  socket.once('close', () => clearTimeout(cut))
  socket.end(answer)
}

// The URL counts as a header (RFC 6585, section 5).
function parserProblem(code: string | undefined): Problem {
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return problems.requestTimeout()
  if (code === 'HPE_HEADER_OVERFLOW') return problems.headersTooLarge()
  return problems.malformedRequest('Not readable as HTTP')
}

/** Node's `clientError`: answers malformed or late HTTP on the socket and closes it. */
export function answerParserError(this: FastifyInstance, error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET') return void socket.destroy()
  answerSocket(this, socket, parserProblem(error.code), String(error.code))
}

export const problemDetails = fp(
  async function problems(app, { ownProblems = [] }: { ownProblems?: readonly ProblemFactory[] }) {
    app.decorate('ownProblems', ownProblems)
    app.decorateRequest('refusal')
    app.setErrorHandler(send)
  },
  { name: 'problems' }
)
