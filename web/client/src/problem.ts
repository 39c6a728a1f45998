import type { FieldError } from './api.ts'

interface Details {
  /** The HTTP status, or 0 when no answer came. */
  status: number
  code: string
  detail: string
  errors?: FieldError[] | undefined
  request_id?: string | undefined
  retryAfter?: number | undefined
}

/** Whatever went wrong with a call: the server's problem details (RFC 9457), or the lack of any answer (`network_error`). */
export class Problem extends Error {
  override readonly name = 'Problem'
  readonly status: number
  /** Stable and meant for machines; `network_error` when no answer came, `unexpected_answer` when it was not Gatehouse's. */
  readonly code: string
  /** For people; the same as `message`. */
  readonly detail: string
  /** What is wrong with which field, as RFC 6901 pointers into the body. Empty when it is not about fields. */
  readonly errors: readonly FieldError[]
  /** What to name to those who run the server. */
  readonly request_id: string | undefined
  /** Seconds until it is worth trying again, when the server said so. */
  readonly retryAfter: number | undefined

  constructor({ status, code, detail, errors = [], request_id, retryAfter }: Details, cause?: unknown) {
    super(detail, { cause })
    this.status = status
    this.code = code
    this.detail = detail
    this.errors = errors
    this.request_id = request_id
    this.retryAfter = retryAfter
  }
}

/** The header's seconds (RFC 9110, section 10.2.3), or undefined: dates are not what Gatehouse sends. */
export function retryAfterOf({ headers }: Response): number | undefined {
  const text = headers.get('retry-after') ?? ''
  return /^\d{1,9}$/.test(text) ? Number(text) : undefined
}

/** What an answer that is not a success says. It may be a proxy's, which says nothing. */
export async function problemOf(response: Response): Promise<Problem> {
  const body: Partial<Details> | null = await response.json().catch(() => null)
  return new Problem({
    status: response.status,
    code: body?.code ?? 'unexpected_answer',
    detail: body?.detail ?? `The server answered ${response.status}`,
    errors: body?.errors,
    request_id: body?.request_id ?? response.headers.get('x-request-id') ?? undefined,
    retryAfter: retryAfterOf(response)
  })
}

export const unreachable = (cause: unknown) =>
  new Problem({ status: 0, code: 'network_error', detail: 'The server cannot be reached' }, cause)

export const signedOut = () => new Problem({ status: 401, code: 'not_authenticated', detail: 'Not authenticated' })

/** Whether a new access token could help; a wrong password is a 401 too. */
export const isAboutToken = (error: unknown): error is Problem =>
  error instanceof Problem && error.status === 401 && error.code !== 'invalid_credentials'

/** Whether the server refuses for good: no failure, and no limit that passes. */
export const isRefusal = (error: unknown): error is Problem =>
  error instanceof Problem && error.status >= 400 && error.status < 500 && error.status !== 408 && error.status !== 429
