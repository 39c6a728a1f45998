import t, { test } from 'tap'
import { buildApp } from '../../src/app.ts'
import { loadConfig } from '../../src/config/config.ts'
import { problems } from '../../src/http/problems.ts'
import { secret } from '../helpers/app.ts'
import { captureLog } from '../helpers/log.ts'
import { patient } from '../helpers/patient.ts'

const { log, lines } = captureLog()
const settings = { BETTER_AUTH_SECRET: secret, DATABASE_URL: 'postgres://nobody@127.0.0.1:1/nothing' }
const app = await buildApp({ config: { ...loadConfig(settings), ...patient }, log })
const thrown: Record<string, unknown> = {}
app.get('/throws/:what', (request) => {
  throw thrown[(request.params as { what: string }).what]
})
t.teardown(() => app.close())

const bearer = 'Bearer realm="gatehouse"'
const refusedToken = (detail: string) => `${bearer}, error="invalid_token", error_description="${detail}"`

/** The table of CONTRACT.md. */
const catalogue = {
  validationFailed: [
    problems.validationFailed([{ pointer: '/a', message: 'is wrong' }]),
    400,
    'validation_failed',
    '/a is wrong'
  ],
  malformedRequest: [problems.malformedRequest('No'), 400, 'malformed_request', 'No'],
  notAuthenticated: [
    problems.notAuthenticated('why'),
    401,
    'not_authenticated',
    'Not authenticated',
    { 'www-authenticate': bearer }
  ],
  invalidToken: [
    problems.invalidToken('why'),
    401,
    'invalid_token',
    'Invalid token',
    { 'www-authenticate': refusedToken('Invalid token') }
  ],
  tokenExpired: [
    problems.tokenExpired(),
    401,
    'token_expired',
    'Token has expired',
    { 'www-authenticate': refusedToken('Token has expired') }
  ],
  tokenRevoked: [
    problems.tokenRevoked('why'),
    401,
    'token_revoked',
    'Token has been revoked',
    { 'www-authenticate': refusedToken('Token has been revoked') }
  ],
  invalidCredentials: [
    problems.invalidCredentials('why'),
    401,
    'invalid_credentials',
    'Invalid email or password',
    { 'www-authenticate': bearer }
  ],
  invalidPasskey: [
    problems.invalidPasskey('why'),
    401,
    'invalid_credentials',
    'The passkey does not work here',
    { 'www-authenticate': bearer }
  ],
  emailNotVerified: [
    problems.emailNotVerified(),
    401,
    'email_not_verified',
    'Confirm your email address first',
    { 'www-authenticate': bearer }
  ],
  secondFactorRequired: [
    problems.secondFactorRequired(),
    401,
    'second_factor_required',
    'Prove a second factor',
    { 'www-authenticate': bearer }
  ],
  invalidCode: [
    problems.invalidCode(),
    401,
    'invalid_code',
    'The code is wrong, or was used',
    { 'www-authenticate': bearer }
  ],
  stepUpRequired: [
    problems.stepUpRequired({ maxAge: 600 }),
    401,
    'step_up_required',
    'Enter your password again',
    { 'www-authenticate': `${bearer}, error="insufficient_user_authentication", max_age=600` }
  ],
  freshTokenRequired: [
    problems.freshTokenRequired({ maxAge: 300, issuer: 'https://id.example.com' }),
    401,
    'step_up_required',
    'Get a new token from https://id.example.com',
    { 'www-authenticate': `${bearer}, error="insufficient_user_authentication", max_age=300` }
  ],
  forbidden: [problems.forbidden(), 403, 'forbidden', 'Access forbidden'],
  insufficientScope: [
    problems.insufficientScope('tasks:write'),
    403,
    'insufficient_scope',
    'The token does not have the scope tasks:write',
    { 'www-authenticate': `${bearer}, error="insufficient_scope", scope="tasks:write"` }
  ],
  notFound: [problems.notFound('Task'), 404, 'not_found', 'Task not found'],
  passkeysOff: [
    problems.passkeysOff(),
    404,
    'not_found',
    'Passkeys are off here: APP_URL has no host that they can belong to'
  ],
  methodNotAllowed: [
    problems.methodNotAllowed(['GET', 'PUT']),
    405,
    'method_not_allowed',
    'This resource takes GET, PUT',
    { allow: 'GET, PUT' }
  ],
  requestTimeout: [problems.requestTimeout(), 408, 'request_timeout', 'The request took too long to arrive'],
  emailTaken: [problems.emailTaken(), 409, 'email_taken', 'Email already registered'],
  idempotencyInProgress: [
    problems.idempotencyInProgress(),
    409,
    'idempotency_in_progress',
    'The first request with this Idempotency-Key is still in progress',
    { 'retry-after': '1' }
  ],
  lastAdmin: [
    problems.lastAdmin(),
    409,
    'last_admin',
    'Nobody else is an admin: make another user one first, or use the command line'
  ],
  quotaExceeded: [
    problems.quotaExceeded(),
    409,
    'quota_exceeded',
    'Your account holds as much as it may; delete something'
  ],
  tooManyPasskeys: [
    problems.tooManyPasskeys(20),
    409,
    'quota_exceeded',
    'An account has at most 20 passkeys; remove one'
  ],
  tooManyTokens: [
    problems.tooManyTokens(50),
    409,
    'quota_exceeded',
    'An account has at most 50 personal access tokens; end one'
  ],
  secondFactorOn: [problems.secondFactorOn(), 409, 'second_factor_on', 'An authenticator app is on already'],
  secondFactorOff: [problems.secondFactorOff(), 409, 'second_factor_off', 'There is no second factor'],
  preconditionFailed: [
    problems.preconditionFailed(),
    412,
    'precondition_failed',
    'It has changed since: If-Match does not match'
  ],
  idempotencyMismatch: [
    problems.idempotencyMismatch(),
    422,
    'idempotency_mismatch',
    'This Idempotency-Key was used for another request'
  ],
  payloadTooLarge: [problems.payloadTooLarge(), 413, 'payload_too_large', 'The body is larger than 64 KiB'],
  unsupportedMediaType: [
    problems.unsupportedMediaType(),
    415,
    'unsupported_media_type',
    'The body must be application/json'
  ],
  tooManyRequests: [
    problems.tooManyRequests(0.2),
    429,
    'too_many_requests',
    'Too many requests; try again later',
    { 'retry-after': '1' }
  ],
  requestRefused: [problems.requestRefused(409, 'why'), 409, 'request_refused', 'Conflict'],
  headersTooLarge: [problems.headersTooLarge(), 431, 'headers_too_large', 'The headers are too many or too long'],
  internalError: [problems.internalError(), 500, 'internal_error', 'Internal error'],
  unavailable: [
    problems.unavailable('why', 4.5),
    503,
    'unavailable',
    'Temporarily unavailable; try again shortly',
    { 'retry-after': '5' }
  ]
} as const

const titles: Record<number, string> = {
  400: 'Bad Request',
  413: 'Payload Too Large',
  429: 'Too Many Requests',
  503: 'Service Unavailable'
}

test('every problem of the catalogue is sent with its status, code, detail and headers, without its cause', async (t) => {
  t.strictSame(Object.keys(catalogue).sort(), Object.keys(problems).sort(), 'the whole catalogue')
  for (const [name, [problem, status, code, detail, headers = {}]] of Object.entries(catalogue)) {
    thrown[name] = problem
    const from = lines.length
    const answer = await app.inject(`/throws/${name}`)
    t.equal(answer.statusCode, status, name)
    t.match(
      answer.headers,
      { 'content-type': /^application\/problem\+json/, 'cache-control': 'no-store', ...headers },
      name
    )
    for (const header of ['www-authenticate', 'retry-after', 'allow'])
      t.equal(header in answer.headers, header in headers, `${name}: ${header}`)
    const body = answer.json()
    t.match(body, { type: 'about:blank', title: titles[status] ?? String, status, detail, code }, name)
    t.equal(body.request_id, answer.headers['x-request-id'])
    t.notMatch(answer.body, 'why', `${name}: the reason stays with us`)
    const faults = lines.slice(from).filter(({ level }) => level === 50)
    t.strictSame(faults, [], `${name}: what is refused on purpose is no fault`)
  }
})

test('a step-up names what to prove again, and another issuer whose accounts cannot do it', (t) => {
  const insufficient = `${bearer}, error="insufficient_user_authentication"`
  const issuer = 'https://id.example.com'
  for (const [given, detail, header] of [
    [{ maxAge: 600 }, 'Enter your password again', `${insufficient}, max_age=600`],
    [{ maxAge: 600, isSecondFactor: true }, 'Prove your second factor again', `${insufficient}, max_age=600`],
    [{ maxAge: 600, issuer }, `Accounts of ${issuer} cannot do this`, insufficient]
  ] as const) {
    const { message, headers } = problems.stepUpRequired(given)
    t.strictSame([message, headers], [detail, { 'www-authenticate': header }])
  }
  t.end()
})
