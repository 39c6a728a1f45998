import type { LightMyRequestResponse } from 'fastify'
import type { Test } from 'tap'

const details = {
  not_authenticated: ['Not authenticated', ''],
  invalid_token: ['Invalid token', ', error="invalid_token", error_description="Invalid token"'],
  token_expired: ['Token has expired', ', error="invalid_token", error_description="Token has expired"'],
  token_revoked: ['Token has been revoked', ', error="invalid_token", error_description="Token has been revoked"'],
  invalid_code: ['The code is wrong, or was used', '']
} as const

export type Code = keyof typeof details

/** Checks the complete answer to a request that must be refused. */
export function refused(t: Test, answer: LightMyRequestResponse, code: Code, what: string, bodiless = false) {
  const [detail, error] = details[code]
  const { 'x-request-id': request_id, 'www-authenticate': challenge, 'content-type': type } = answer.headers
  t.strictSame(
    [answer.statusCode, String(type).split(';')[0], challenge],
    [401, 'application/problem+json', `Bearer realm="gatehouse"${error}`],
    `${what}: 401`
  )
  const body = { type: 'about:blank', title: 'Unauthorized', status: 401, detail, code, request_id }
  if (bodiless) t.equal(answer.body, '', `${what}: without a body`)
  else t.strictSame(answer.json(), body, `${what}: ${code}`)
}

/** The parts of a request that a refusal names, each once: a value may break two rules. */
export const pointersOf = (answer: LightMyRequestResponse): string[] => [
  ...new Set((answer.json().errors as { pointer: string }[]).map(({ pointer }) => pointer))
]
