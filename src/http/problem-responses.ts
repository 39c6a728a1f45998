import type { OpenAPIV3_1 } from 'openapi-types'
import { ref } from '../../schemas/common.ts'
import { example } from '../../schemas/examples.ts'
import { FieldError, Problem } from '../../schemas/problems.ts'
import { maxAge } from '../auth/factors/step-up.ts'
import { STATUS_CODES } from './node-http.ts'
import { type ProblemFactory, problems, type Problem as Thrown } from './problems.ts'

const descriptions: Record<number, string> = {
  400: 'The request is malformed or breaks a rule',
  401: 'No valid access token, or wrong credentials',
  403: 'The token does not allow this request',
  404: 'The resource does not exist, or belongs to another user',
  409: 'The email is taken, the first request is still in progress, a quota is exceeded, or the second factor is on or off',
  412: 'The resource was changed in the meantime',
  413: 'The body is too large',
  415: 'The body is not JSON',
  422: 'The Idempotency-Key was used for another request',
  429: 'Too many requests',
  500: 'Internal error',
  503: 'Temporarily unavailable'
}

type Headers = NonNullable<OpenAPIV3_1.ResponseObject['headers']>
const retryAfter: Headers = {
  'Retry-After': { description: 'Seconds to wait before the next attempt', schema: { type: 'integer' } }
}
const headers: Record<number, Headers> = {
  401: { 'WWW-Authenticate': { description: 'What is wrong with the token (RFC 6750)', schema: { type: 'string' } } },
  403: {
    'WWW-Authenticate': {
      description: 'With `insufficient_scope` only: the scope that the personal access token lacks (RFC 6750)',
      schema: { type: 'string' }
    }
  },
  429: retryAfter,
  503: retryAfter
}

const examples = (scope: string): Thrown[] => [
  problems.validationFailed(FieldError.examples),
  problems.malformedRequest('The body is not readable as JSON'),
  problems.notAuthenticated(''),
  problems.invalidToken(''),
  problems.tokenExpired(),
  problems.tokenRevoked(''),
  problems.invalidCredentials(''),
  problems.emailNotVerified(),
  problems.secondFactorRequired({ challenge: example.challenge, methods: ['totp', 'recovery_code'], expires_in: 300 }),
  problems.invalidCode(),
  problems.stepUpRequired({ maxAge }),
  problems.forbidden(),
  problems.insufficientScope(scope),
  problems.notFound('User'),
  problems.emailTaken(),
  problems.idempotencyInProgress(),
  problems.lastAdmin(),
  problems.quotaExceeded(),
  problems.secondFactorOn(),
  problems.secondFactorOff(),
  problems.preconditionFailed(),
  problems.payloadTooLarge(),
  problems.unsupportedMediaType(),
  problems.idempotencyMismatch(),
  problems.tooManyRequests(1),
  problems.internalError(),
  problems.unavailable('')
]
const examplesOf = (all: Thrown[], status: number) =>
  Object.fromEntries(
    all
      .filter((problem) => problem.status === status)
      .map((problem) => [problem.code, { value: problem.body(example.requestId) }])
  )

const schema = { $ref: `#/components/schemas/${ref(Problem).$ref}` }

/** The responses of all problems, with those of a product. `scope`: an example. */
export function problemResponses(factories: readonly ProblemFactory[], scope: string) {
  const all = [...examples(scope), ...factories.map((make) => make())]
  const further: Record<string, string> = Object.fromEntries(
    all.map(({ status }) => [status, String(STATUS_CODES[status])])
  )
  const described: Record<string, string> = { ...further, ...descriptions }
  return Object.fromEntries(
    Object.entries(described).map(([status, description]) => [
      `Problem${status}`,
      {
        description,
        content: { 'application/problem+json': { schema, examples: examplesOf(all, Number(status)) } },
        ...(Number(status) in headers && { headers: headers[Number(status)] })
      }
    ])
  )
}
