/** Stands for the address of an operator, which the user concerned does not learn. */
export const operatorAddress = 'operator'

export interface Client {
  ip: string
  /** For limits: for IPv6 the /64, because a client controls the rest. */
  prefix: string
  userAgent: string | null
  /** Undefined where no request is the cause. */
  requestId?: string | undefined
  /** The Accept-Language header, for mails that the request causes. */
  acceptLanguage?: string | undefined
}
