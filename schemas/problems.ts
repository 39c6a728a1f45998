import { type Static, Type } from '@sinclair/typebox'
import { oneOf, ref } from './common.ts'

export const FieldError = Type.Object(
  {
    pointer: Type.String({
      description:
        'The field: a JSON Pointer into the body (RFC 6901), or `/name` for a parameter; empty for the whole body'
    }),
    message: Type.String({ description: 'What is wrong with it, for people' })
  },
  {
    $id: 'FieldError',
    description: 'What is wrong with one field',
    examples: [{ pointer: '/title', message: 'must not be empty' }]
  }
)

export const ProblemCode = oneOf(
  [
    'validation_failed',
    'malformed_request',
    'not_authenticated',
    'invalid_token',
    'token_expired',
    'token_revoked',
    'invalid_credentials',
    'email_not_verified',
    'second_factor_required',
    'invalid_code',
    'step_up_required',
    'forbidden',
    'insufficient_scope',
    'not_found',
    'method_not_allowed',
    'request_timeout',
    'email_taken',
    'idempotency_in_progress',
    'quota_exceeded',
    'last_admin',
    'second_factor_on',
    'second_factor_off',
    'precondition_failed',
    'payload_too_large',
    'unsupported_media_type',
    'idempotency_mismatch',
    'too_many_requests',
    'headers_too_large',
    'request_refused',
    'internal_error',
    'unavailable'
  ],
  { $id: 'ProblemCode', description: 'What went wrong, for programs. A later version may add codes' }
)
export type ProblemCode = Static<typeof ProblemCode>

export const SecondFactorMethod = oneOf(['totp', 'passkey', 'recovery_code'], {
  $id: 'SecondFactorMethod',
  description: 'By what a login can be completed: a code of an authenticator app, a passkey, or a recovery code'
})
export type SecondFactorMethod = Static<typeof SecondFactorMethod>

export const Problem = Type.Object(
  {
    type: Type.String({ description: 'Always `about:blank`: `code` tells problems apart' }),
    title: Type.String({ description: 'The name of the HTTP status' }),
    status: Type.Integer({ description: 'The HTTP status' }),
    detail: Type.String({ description: 'What went wrong, for people; its words may change' }),
    code: ref(ProblemCode),
    request_id: Type.String({ description: 'The id of the request, as in `X-Request-Id` and in the log' }),
    errors: Type.Optional(
      Type.Array(ref(FieldError), { description: 'The fields that are wrong; with `validation_failed` only' })
    ),
    challenge: Type.Optional(
      Type.String({ description: 'To send with the code; with `second_factor_required` of a login only' })
    ),
    methods: Type.Optional(
      Type.Array(ref(SecondFactorMethod), {
        description: 'Which second factors the user has; with `second_factor_required` only'
      })
    ),
    expires_in: Type.Optional(
      Type.Integer({
        description: 'Seconds until the challenge expires; with `second_factor_required` of a login only'
      })
    )
  },
  { $id: 'Problem', description: 'Why a request failed: problem details (RFC 9457)' }
)
export type Problem = Static<typeof Problem>
