const details = {
  not_authenticated: [401, 'Unauthorized', 'Not authenticated'],
  invalid_token: [401, 'Unauthorized', 'Invalid token'],
  token_expired: [401, 'Unauthorized', 'Token has expired'],
  token_revoked: [401, 'Unauthorized', 'Token has been revoked'],
  unavailable: [503, 'Service Unavailable', 'Temporarily unavailable; try again shortly']
} as const

export type RefusalCode = keyof typeof details

function headersOf(code: RefusalCode, detail: string): Record<string, string> {
  if (code === 'unavailable') return { 'retry-after': '1' }
  const challenge = 'Bearer realm="gatehouse"'
  if (code === 'not_authenticated') return { 'www-authenticate': challenge }
  // A request with a token is told what is wrong with it (RFC 6750, section 3).
  return { 'www-authenticate': `${challenge}, error="invalid_token", error_description="${detail}"` }
}

/** A request that is refused, as Gatehouse itself refuses it: problem details (RFC 9457) with a stable code. */
export class Refusal extends Error {
  readonly code: RefusalCode
  readonly statusCode: number
  readonly title: string
  readonly headers: Record<string, string>
  /** For the log only. It contains nothing of the token. */
  readonly reason: string

  constructor(code: RefusalCode, reason: string) {
    const [status, title, detail] = details[code]
    // Refusals are expected: their stacks would take most of the time of a refused request.
    const { stackTraceLimit } = Error
    Error.stackTraceLimit = 0
    super(detail)
    Error.stackTraceLimit = stackTraceLimit
    this.code = code
    this.statusCode = status
    this.title = title
    this.headers = headersOf(code, detail)
    this.reason = reason
  }

  body(requestId: string) {
    const { title, statusCode: status, message: detail, code } = this
    return { type: 'about:blank', title, status, detail, code, request_id: requestId }
  }
}

export const invalid = (reason: string) => new Refusal('invalid_token', reason)
