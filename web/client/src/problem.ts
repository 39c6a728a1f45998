import type { FieldError, ProblemCode, SecondFactorMethod } from './api.ts'

/** The contract's codes and the client's own. A later version of the service may add codes. */
export type GatehouseCode =
  | ProblemCode
  | 'network_error'
  | 'timeout'
  | 'unexpected_answer'
  | 'session_changed'
  | 'issuer_unavailable'
  | (string & Record<never, never>)

interface Details {
  status: number
  code: GatehouseCode
  detail: string
  errors?: FieldError[] | undefined
  request_id?: string | undefined
  retryAfter?: number | undefined
  challenge?: string | undefined
  methods?: SecondFactorMethod[] | undefined
  expires_in?: number | undefined
}

/** A failed call: the server's problem details (RFC 9457), or no answer (status 0). */
export class GatehouseProblem extends Error {
  override readonly name = 'GatehouseProblem'
  declare readonly status: number
  /**
   * A stable code for programs. Without an answer `network_error` or `timeout`; `unexpected_answer` if the answer is not
   * Gatehouse's; With Better Auth: `session_changed` if the browser is signed in as another user, or no longer, and
   * `issuer_unavailable` if Better Auth gives no token.
   */
  declare readonly code: GatehouseCode
  declare readonly detail: string
  /** Errors by field, as RFC 6901 pointers into the body. Empty if no field is concerned. */
  declare readonly errors: readonly FieldError[]
  declare readonly request_id: string | undefined
  /** Seconds to wait before a retry, if the server said so. */
  declare readonly retryAfter: number | undefined
  /** With `second_factor_required` of a login: for `completeLogIn`, the user's factors, and seconds until it expires. */
  declare readonly challenge: string | undefined
  declare readonly methods: readonly SecondFactorMethod[] | undefined
  declare readonly expires_in: number | undefined

  constructor(details: Details, cause?: unknown) {
    super(details.detail, { cause })
    Object.assign(this, { errors: [] }, details)
  }
}

/** The seconds of Retry-After (RFC 9110, section 10.2.3), or undefined. Gatehouse sends no dates. */
export function retryAfterOf({ headers }: Response): number | undefined {
  const text = headers.get('retry-after') ?? ''
  return /^\d{1,9}$/.test(text) ? Number(text) : undefined
}

export async function problemOf(response: Response): Promise<GatehouseProblem> {
  const body: Partial<Details> | null = await response.json().catch(() => null)
  return new GatehouseProblem({
    status: response.status,
    code: body?.code ?? 'unexpected_answer',
    detail: body?.detail ?? `The server answered ${response.status}`,
    errors: body?.errors ?? [],
    request_id: body?.request_id ?? response.headers.get('x-request-id') ?? undefined,
    challenge: body?.challenge,
    methods: body?.methods,
    expires_in: body?.expires_in,
    retryAfter: retryAfterOf(response)
  })
}

export const timedOut = (reason: unknown) => reason instanceof DOMException && reason.name === 'TimeoutError'

export const unreachable = (cause: unknown) =>
  timedOut(cause)
    ? new GatehouseProblem({ status: 0, code: 'timeout', detail: 'The server did not answer in time' }, cause)
    : new GatehouseProblem({ status: 0, code: 'network_error', detail: 'The server cannot be reached' }, cause)

export const unexpected = (cause: unknown) =>
  new GatehouseProblem({ status: 200, code: 'unexpected_answer', detail: 'The answer is not JSON' }, cause)

export const signedOut = () =>
  new GatehouseProblem({ status: 401, code: 'not_authenticated', detail: 'Not authenticated' })

/** A login that the user completes with `completeLogIn` or a passkey. */
export interface SecondFactorRequired extends GatehouseProblem {
  readonly code: 'second_factor_required'
  readonly challenge: string
  readonly methods: readonly SecondFactorMethod[]
  readonly expires_in: number
}

export const isSecondFactorRequired = (error: unknown): error is SecondFactorRequired =>
  error instanceof GatehouseProblem && error.code === 'second_factor_required' && error.challenge !== undefined

/** Refusals of what the user has typed, or of what the session has proved. */
const aboutUser = new Set([
  'invalid_credentials',
  'invalid_code',
  'second_factor_required',
  'email_not_verified',
  'step_up_required'
])

/** Whether a new access token may help. A wrong password or code also answers 401. */
export const isAboutToken = (error: unknown): error is GatehouseProblem =>
  error instanceof GatehouseProblem && error.status === 401 && !aboutUser.has(error.code)

export const isRefusal = (error: unknown): error is GatehouseProblem =>
  error instanceof GatehouseProblem &&
  error.status >= 400 &&
  error.status < 500 &&
  error.status !== 408 &&
  error.status !== 429
