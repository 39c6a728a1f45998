export interface Client {
  ip: string
  /** For limits: for IPv6 the /64, because a client controls the rest. */
  prefix: string
  userAgent: string | null
}
