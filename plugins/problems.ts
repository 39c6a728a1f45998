import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { inspect } from 'node:util'
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest, RouteOptions } from 'fastify'
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
import { validateHeaderName, validateHeaderValue } from '../src/http/node-http.ts'
import { Problem, type ProblemFactory, problems } from '../src/http/problems.ts'
import { fieldErrors } from './validation.ts'

declare module 'fastify' {
  interface FastifyRequest {
    refusal: string | undefined
  }
  interface FastifyInstance {
    /** Those that a product defines. */
    ownProblems: readonly ProblemFactory[]
    /**
     * For routes that others write: what fails after a handler, such as a hook that fails for each answer or a handler that
     * answers by itself (reply.hijack), is a problem as well, instead of an answer of Fastify's own, or none.
     */
    answerFailures: () => void
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

/** They describe what the handler was about to send. */
const describing = [
  'content-encoding',
  'content-disposition',
  'content-language',
  'content-range',
  'etag',
  'last-modified'
]

/** Whether Node can write a header. A line break would begin another one. */
function isWritable(name: string, value: unknown): boolean {
  try {
    validateHeaderName(name)
    for (const each of [value].flat()) validateHeaderValue(name, String(each))
    return true
  } catch {
    return false
  }
}

const unwritable = (reply: FastifyReply): string[] =>
  Object.entries(reply.getHeaders()).flatMap(([name, value]) => (isWritable(name, value) ? [] : [name]))

/** Removes what does not describe a problem, and what would be refused again. */
function reset(reply: FastifyReply): void {
  for (const name of [...describing, ...unwritable(reply)]) reply.removeHeader(name)
  // Node keeps the one of the status that it could not write.
  reply.raw.statusMessage = ''
}

/** Node would keep the answer to an error without a body, when it has once tried to write a status that has none. */
function checkBodiless(
  _request: FastifyRequest,
  reply: FastifyReply,
  payload: unknown,
  done: (error: Error | null, payload?: unknown) => void
): void {
  const { statusCode } = reply
  const [name] = statusCode === 204 || statusCode === 304 ? unwritable(reply) : []
  if (name === undefined) done(null, payload)
  else done(new Error(`the header ${JSON.stringify(name)} cannot be written`))
}

/** Returns the problem of what was thrown, and logs the cause of a fault. */
function report(thrown: unknown, request: FastifyRequest): Problem {
  const problem = toProblem(thrown, request.server.ownProblems)
  request.refusal = problem.reason
  request.server.metrics?.problem(problem)
  // A deliberate refusal has its reason in the request's line.
  if (problem.status >= 500 && problem !== thrown)
    request.server.log.error({ err: asError(thrown), request_id: request.id }, problem.message)
  return problem
}

function send(thrown: unknown, request: FastifyRequest, reply: FastifyReply) {
  const problem = report(thrown, request)
  if (problem.status >= 500) reset(reply)
  return reply
    .code(problem.status)
    .headers(request.server.securityHeaders)
    .header('x-request-id', request.id)
    .headers(problem.headers)
    .header('content-type', mediaType)
    .send(JSON.stringify(problem.body(request.id)))
}

/** Answers without hooks and without the headers of the route, where these have failed. */
function sendAlone(thrown: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const problem = report(thrown, request)
  const { raw } = reply.hijack()
  // What has begun can only be cut.
  if (raw.headersSent) {
    raw.destroy()
    return reply
  }
  for (const name of raw.getHeaderNames()) raw.removeHeader(name)
  raw.statusMessage = ''
  const body = JSON.stringify(problem.body(request.id))
  const ours = { 'x-request-id': request.id, 'content-type': mediaType, 'content-length': Buffer.byteLength(body) }
  raw.writeHead(problem.status, { ...request.server.securityHeaders, ...problem.headers, ...ours }).end(body)
  return reply
}

/** Answers for a handler that has answered by itself and then failed. */
const leaveNoneOpen = (handler: RouteOptions['handler']): RouteOptions['handler'] =>
  function ended(request, reply) {
    function check(error: unknown): never {
      if (reply.sent && !reply.raw.writableEnded) sendAlone(error, request, reply)
      throw error
    }
    try {
      const answer = handler.call(this, request, reply)
      return answer instanceof Promise ? answer.catch(check) : answer
    } catch (error) {
      return check(error)
    }
  }

/** Whose problem has been sent once. Fastify calls the next handler of errors, outwards, when the answer of one fails. */
const answered = new WeakSet<FastifyReply>()

function sendFirst(thrown: unknown, request: FastifyRequest, reply: FastifyReply) {
  answered.add(reply)
  return send(thrown, request, reply)
}

const sendOrEnd: typeof send = (thrown, request, reply) =>
  (answered.has(reply) ? sendAlone : send)(thrown, request, reply)

function answerFailures(this: FastifyInstance): void {
  this.setErrorHandler(sendFirst)
  this.addHook('onRoute', (route) => {
    route.handler = leaveNoneOpen(route.handler)
    route.onSend = [...[route.onSend ?? []].flat(), checkBodiless]
  })
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
    app.setErrorHandler(sendOrEnd)
    app.decorate('answerFailures', answerFailures)
  },
  { name: 'problems' }
)
