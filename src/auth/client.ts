/** Where a request comes from, as far as it can be known. */
export interface Client {
  /** The address as it came. */
  ip: string
  /** The address that counts: of IPv6 the /64, because a client can choose the rest. */
  prefix: string
  userAgent: string | null
}
