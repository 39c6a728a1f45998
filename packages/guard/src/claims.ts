import type { Members } from './jws.ts'
import { invalid, Refusal } from './refusals.ts'

/** The user of an access token. Times are seconds since 1970. Frozen, because requests with the same token share it. */
export interface GatehouseUser {
  /** The user's id in Gatehouse, a UUID. */
  readonly id: string
  readonly email: string
  /** Undefined if the token does not say it. */
  readonly emailVerified: boolean | undefined
  /** Undefined if the token does not say it. */
  readonly role: string | undefined
  readonly sessionId: string
  readonly tokenId: string
  readonly issuedAt: number
  readonly expiresAt: number
  /** When the user last proved who they are; undefined if that is unknown. */
  readonly authTime: number | undefined
  /** How, by the names of RFC 8176. */
  readonly amr: readonly string[]
}

export interface Expected {
  issuer: string
  audience: string
  /** Seconds that Gatehouse's clock may be ahead. */
  clockTolerance: number
}

const endOfYear9999 = 253_402_300_799
const maxMethods = 10
/** As Gatehouse writes it. Another spelling would not be found among the revoked sessions. */
const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/
const role = /^(?:user|admin)$/
/** The form in which Gatehouse stores and writes addresses. */
const address = /^(?=.{3,254}$)[a-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@(?:[a-z0-9-]+\.)+[a-z0-9-]+$/

function text(claims: Members, name: string, pattern = /^[\s\S]{1,255}$/): string {
  const value = claims[name]
  if (typeof value !== 'string' || !pattern.test(value)) throw invalid(`no ${name}`)
  return value
}

function time(claims: Members, name: string): number {
  const value = claims[name]
  if (typeof value !== 'number' || !(value >= 0 && value <= endOfYear9999)) throw invalid(`no time in ${name}`)
  return value
}

const isMethod = (value: unknown): value is string => typeof value === 'string' && /^[a-z]{1,10}$/.test(value)

function authentication(claims: Members): Pick<GatehouseUser, 'authTime' | 'amr'> {
  if (!('auth_time' in claims) && !('amr' in claims)) return { authTime: undefined, amr: [] }
  const { amr } = claims
  const authTime = time(claims, 'auth_time')
  if (!Number.isInteger(authTime)) throw invalid('no time in auth_time')
  if (!Array.isArray(amr) || amr.length > maxMethods || !amr.every(isMethod)) throw invalid('no amr')
  return { authTime, amr: Object.freeze(amr) }
}

function flag(claims: Members, name: string): boolean | undefined {
  const value = claims[name]
  if (name in claims && typeof value !== 'boolean') throw invalid(name)
  return value as boolean | undefined
}

/** Reads the claims of an access token of Gatehouse, whose signature has been checked. Throws `invalid_token`. */
export function readClaims(claims: Members, { issuer, audience }: Expected): GatehouseUser {
  if (claims.iss !== issuer) throw invalid('issuer')
  // Exactly this audience: a list would let a token for another service pass (RFC 8725, section 3.9).
  if (claims.aud !== audience) throw invalid('audience')
  return Object.freeze({
    id: text(claims, 'sub', uuid),
    email: text(claims, 'email', address),
    emailVerified: flag(claims, 'email_verified'),
    role: 'role' in claims ? text(claims, 'role', role) : undefined,
    sessionId: text(claims, 'sid', uuid),
    tokenId: text(claims, 'jti'),
    issuedAt: time(claims, 'iat'),
    expiresAt: time(claims, 'exp'),
    ...authentication(claims)
  })
}

/** Throws `token_expired` only if nothing else is wrong. `now` in seconds. */
export function checkTimes(user: GatehouseUser, claims: Members, { clockTolerance }: Expected, now: number): void {
  const latest = now + clockTolerance
  if ('nbf' in claims && time(claims, 'nbf') > latest) throw invalid('not valid yet')
  if (user.issuedAt > latest) throw invalid('issued in the future')
  if (user.authTime !== undefined && user.authTime > latest) throw invalid('authenticated in the future')
  if (user.expiresAt <= user.issuedAt) throw invalid('ends before it begins')
  if (user.expiresAt <= now) throw new Refusal('token_expired', 'expired')
}
