/** The origin of a request, as far as it is known. */
export interface Client {
  /** The full address. */
  ip: string
  /** The address for limits: for IPv6 the /64, because a client controls the rest. */
  prefix: string
  userAgent: string | null
}
