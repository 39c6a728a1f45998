import type { SecondFactorMethod } from '../../schemas/problems.ts'
import { STATUS_CODES } from './node-http.ts'

/** An error of one field: an RFC 6901 pointer into the body (or `/name` for a query or path parameter). */
export interface FieldError {
  pointer: string
  message: string
}

export interface Details {
  headers?: Record<string, string>
  errors?: FieldError[]
  /** Further members of the body (RFC 9457, section 3.2). */
  more?: object
  /** The reason, for the log only. */
  reason?: string | undefined
}

/** An error for the client: problem details (RFC 9457) with a stable code. It has no stack, because it is expected. */
export class Problem extends Error {
  readonly status: number
  readonly code: string
  readonly headers: Record<string, string>
  readonly errors: FieldError[] | undefined
  readonly more: object | undefined
  readonly reason: string | undefined

  constructor(status: number, code: string, detail: string, details: Details = {}) {
    const { stackTraceLimit } = Error
    Error.stackTraceLimit = 0
    super(detail)
    Error.stackTraceLimit = stackTraceLimit
    this.status = status
    this.code = code
    this.headers = details.headers ?? {}
    this.errors = details.errors
    this.more = details.more
    this.reason = details.reason
  }

  body(requestId: string) {
    return {
      type: 'about:blank',
      title: STATUS_CODES[this.status],
      status: this.status,
      detail: this.message,
      code: this.code,
      request_id: requestId,
      ...(this.errors && { errors: this.errors }),
      ...this.more
    }
  }
}

interface Definition {
  status: number
  /** For programs, such as `note_locked`. */
  code: string
  /** For people. */
  detail: string
  /** A constraint of a table, such as a unique one: a request that breaks it gets this problem. */
  constraint?: string
}

/** Makes a problem of one kind, with other words or further members for one case. */
export interface ProblemFactory {
  (details?: Details & { detail?: string }): Problem
  readonly definition: Definition
}

/** Defines a kind of problem of a product. What is given to the product as `problems` is in the contract. */
export function defineProblem(definition: Definition): ProblemFactory {
  const { status, code, detail: usual } = definition
  if (!Number.isInteger(status) || status < 400 || status > 599 || !/^[a-z][a-z0-9]*(_[a-z0-9]+)*$/.test(code))
    throw new Error(`The problem ${code} (${status}) needs a code such as note_locked, and a status from 400 to 599`)
  const make = ({ detail = usual, ...details }: Details & { detail?: string } = {}) =>
    new Problem(status, code, detail, details)
  return Object.assign(make, { definition })
}

/** `challenge` and `expires_in` (seconds) of a login. */
interface SecondFactorNeeded {
  challenge?: string
  methods?: SecondFactorMethod[]
  expires_in?: number
}

interface StepUpNeeded {
  /** Seconds. */
  maxAge: number
  /** The issuer of another issuer's user. */
  issuer?: string
  /** The user has proved the password lately, but not the second factor. */
  isSecondFactor?: boolean
}

const challenge = 'Bearer realm="gatehouse"'
const retryAfter = (seconds: number) => ({ 'retry-after': String(Math.max(1, Math.ceil(seconds))) })

/** A request with a token is told what is wrong with it (RFC 6750, section 3). */
const refusedToken = (code: string, detail: string, reason: string) =>
  new Problem(401, code, detail, {
    reason,
    headers: { 'www-authenticate': `${challenge}, error="invalid_token", error_description="${detail}"` }
  })

const insufficient = (detail: string, bound = '') =>
  new Problem(401, 'step_up_required', detail, {
    headers: { 'www-authenticate': `${challenge}, error="insufficient_user_authentication"${bound}` }
  })

export const problems = {
  validationFailed: (errors: FieldError[], reason?: string) =>
    new Problem(400, 'validation_failed', errors.map((e) => `${e.pointer || 'The body'} ${e.message}`).join('; '), {
      errors,
      reason
    }),
  malformedRequest: (detail: string) => new Problem(400, 'malformed_request', detail),
  notAuthenticated: (reason: string) =>
    new Problem(401, 'not_authenticated', 'Not authenticated', { reason, headers: { 'www-authenticate': challenge } }),
  invalidToken: (reason: string) => refusedToken('invalid_token', 'Invalid token', reason),
  tokenExpired: () => refusedToken('token_expired', 'Token has expired', 'expired'),
  tokenRevoked: (reason: string) => refusedToken('token_revoked', 'Token has been revoked', reason),
  invalidCredentials: (reason: string) =>
    new Problem(401, 'invalid_credentials', 'Invalid email or password', {
      reason,
      headers: { 'www-authenticate': challenge }
    }),
  invalidPasskey: (reason: string) =>
    new Problem(401, 'invalid_credentials', 'The passkey does not work here', {
      reason,
      headers: { 'www-authenticate': challenge }
    }),
  emailNotVerified: () =>
    new Problem(401, 'email_not_verified', 'Confirm your email address first', {
      headers: { 'www-authenticate': challenge }
    }),
  secondFactorRequired: (more: SecondFactorNeeded = {}) =>
    new Problem(401, 'second_factor_required', 'Prove a second factor', {
      more,
      headers: { 'www-authenticate': challenge }
    }),
  invalidCode: () =>
    new Problem(401, 'invalid_code', 'The code is wrong, or was used', { headers: { 'www-authenticate': challenge } }),
  /** RFC 9470, section 3. For another issuer's user without `max_age`, so that a client does not go there and back for ever. */
  stepUpRequired({ maxAge, issuer, isSecondFactor = false }: StepUpNeeded) {
    if (issuer !== undefined) return insufficient(`Accounts of ${issuer} cannot do this`)
    const detail = isSecondFactor ? 'Prove your second factor again' : 'Enter your password again'
    return insufficient(detail, `, max_age=${maxAge}`)
  },
  /** For another issuer's user, whose front end can get a new token there. */
  freshTokenRequired: ({ maxAge, issuer }: { maxAge: number; issuer: string }) =>
    insufficient(`Get a new token from ${issuer}`, `, max_age=${maxAge}`),
  forbidden: (reason?: string) => new Problem(403, 'forbidden', 'Access forbidden', { reason }),
  /** RFC 6750, section 3.1. */
  insufficientScope: (scope: string) =>
    new Problem(403, 'insufficient_scope', `The token does not have the scope ${scope}`, {
      headers: { 'www-authenticate': `${challenge}, error="insufficient_scope", scope="${scope}"` }
    }),
  notFound: (what: string) => new Problem(404, 'not_found', `${what} not found`),
  passkeysOff: () =>
    new Problem(404, 'not_found', 'Passkeys are off here: APP_URL has no host that they can belong to'),
  methodNotAllowed: (allowed: readonly string[]) =>
    new Problem(405, 'method_not_allowed', `This resource takes ${allowed.join(', ')}`, {
      headers: { allow: allowed.join(', ') }
    }),
  requestTimeout: () => new Problem(408, 'request_timeout', 'The request took too long to arrive'),
  emailTaken: () => new Problem(409, 'email_taken', 'Email already registered'),
  idempotencyInProgress: () =>
    new Problem(409, 'idempotency_in_progress', 'The first request with this Idempotency-Key is still in progress', {
      headers: retryAfter(1)
    }),
  lastAdmin: () =>
    new Problem(409, 'last_admin', 'Nobody else is an admin: make another user one first, or use the command line'),
  quotaExceeded: () => new Problem(409, 'quota_exceeded', 'Your account holds as much as it may; delete something'),
  secondFactorOn: () => new Problem(409, 'second_factor_on', 'An authenticator app is on already'),
  secondFactorOff: () => new Problem(409, 'second_factor_off', 'There is no second factor'),
  tooManyPasskeys: (max: number) =>
    new Problem(409, 'quota_exceeded', `An account has at most ${max} passkeys; remove one`),
  tooManyTokens: (max: number) =>
    new Problem(409, 'quota_exceeded', `An account has at most ${max} personal access tokens; end one`),
  preconditionFailed: () => new Problem(412, 'precondition_failed', 'It has changed since: If-Match does not match'),
  payloadTooLarge: () => new Problem(413, 'payload_too_large', 'The body is larger than 64 KiB'),
  unsupportedMediaType: () => new Problem(415, 'unsupported_media_type', 'The body must be application/json'),
  idempotencyMismatch: () =>
    new Problem(422, 'idempotency_mismatch', 'This Idempotency-Key was used for another request'),
  tooManyRequests: (seconds: number) =>
    new Problem(429, 'too_many_requests', 'Too many requests; try again later', { headers: retryAfter(seconds) }),
  /** The answer to an error with a status of its own, whose message is for the log only. */
  requestRefused: (status: number, reason?: string) =>
    new Problem(status, 'request_refused', STATUS_CODES[status] ?? 'The request is refused', { reason }),
  headersTooLarge: () => new Problem(431, 'headers_too_large', 'The headers are too many or too long'),
  internalError: () => new Problem(500, 'internal_error', 'Internal error'),
  unavailable: (reason: string, seconds = 1) =>
    new Problem(503, 'unavailable', 'Temporarily unavailable; try again shortly', {
      reason,
      headers: retryAfter(seconds)
    })
}
