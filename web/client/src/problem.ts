import type { FieldError } from './api.ts'

interface Details {
  status: number
  code: string
  detail: string
  errors?: FieldError[] | undefined
  request_id?: string | undefined
  retryAfter?: number | undefined
}

/** A failed call: the server's problem details (RFC 9457), or no answer (`network_error`). */
export class Problem extends Error {
  override readonly name = 'Problem'
  readonly status: number
  /** A stable code for programs; `network_error` without an answer, `unexpected_answer` if it is not Gatehouse's. */
  readonly code: string
  readonly detail: string
  /** Errors by field, as RFC 6901 pointers into the body. Empty if no field is concerned. */
  readonly errors: readonly FieldError[]
  readonly request_id: string | undefined
  /** Seconds to wait before a retry, if the server said so. */
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

/** The seconds of Retry-After (RFC 9110, section 10.2.3), or undefined. Gatehouse sends no dates. */
export function retryAfterOf({ headers }: Response): number | undefined {
  const text = headers.get('retry-after') ?? ''
  return /^\d{1,9}$/.test(text) ? Number(text) : undefined
}

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

const aboutUser = new Set(['invalid_credentials', 'invalid_code', 'step_up_required'])

/** Whether a new access token may help. A wrong password or code also answers 401. */
export const isAboutToken = (error: unknown): error is Problem =>
  error instanceof Problem && error.status === 401 && !aboutUser.has(error.code)

export const isRefusal = (error: unknown): error is Problem =>
  error instanceof Problem && error.status >= 400 && error.status < 500 && error.status !== 408 && error.status !== 429
