import { problems } from '../../http/problems.ts'
import { normalEmail } from '../email-address.ts'
import type { Jws } from './jws.ts'

/** Times are seconds since 1970. */
interface Bearer {
  /** Our user's id, or the other issuer's. */
  subject: string
  email: string
  name: string | undefined
  issuedAt: number
  expiresAt: number
}

/** Of a user who registered here. */
export interface OwnToken extends Bearer {
  issuer: null
  sessionId: string
}

export interface ForeignToken extends Bearer {
  issuer: string
  sessionId: undefined
}

/** Who a verified token speaks for. */
export type AccessToken = OwnToken | ForeignToken

/** Seconds: no longer than revocations of other issuers' tokens are kept. */
const maxForeignLife = 7 * 24 * 60 * 60
/** Seconds by which another server's clock may be ahead of ours. */
const clockSkew = 60
/** The end of the year 9999, the last that RFC 3339 can write. */
const endOfTime = 253_402_300_799
/** Better Auth signs mail links and cookie caches with the same secret: these claims give them away. */
const neverALogin = ['session', 'updateTo', 'requestType']

/** A name that we would take from a user of our own; another issuer's token may hold any, or none. */
const isName = (value: unknown): value is string =>
  typeof value === 'string' && /^(?=\s*\S)[^\0\ud800-\udfff]{1,100}$/u.test(value)

/** A claim that must be text. */
export function text(claims: Jws['claims'], name: string): string {
  const value = claims[name]
  if (typeof value !== 'string' || value === '' || value.length > 255) throw problems.invalidToken(`no ${name}`)
  return value
}

/** The email, as we would store it. A claim is no form: blanks around it are not somebody's typing. */
export function address(claims: Jws['claims']): string {
  const claim = text(claims, 'email')
  const email = claim.trim() === claim ? normalEmail(claim) : undefined
  if (email === undefined) throw problems.invalidToken('no address in email')
  return email
}

/** A claim that must be a time, in seconds since 1970. */
export function time(claims: Jws['claims'], name: string): number {
  const value = claims[name]
  if (typeof value !== 'number' || !(value >= 0 && value <= endOfTime))
    throw problems.invalidToken(`no time in ${name}`)
  return value
}

/** What another issuer says of its user; `issuer` is the name that we keep its users under. */
export function foreignToken({ header, claims }: Jws, issuer: string): ForeignToken {
  if (header.typ !== undefined && header.typ !== 'JWT') throw problems.invalidToken('type')
  if (neverALogin.some((claim) => claim in claims)) throw problems.invalidToken('not a login')
  const subject = text(claims, 'sub' in claims ? 'sub' : 'user_id')
  if (!/^[\x21-\x7e]+$/.test(subject)) throw problems.invalidToken('subject')
  if ('user_id' in claims && claims.user_id !== subject) throw problems.invalidToken('two subjects')
  const [email, issuedAt, expiresAt] = [address(claims), time(claims, 'iat'), time(claims, 'exp')]
  if (expiresAt - issuedAt > maxForeignLife) throw problems.invalidToken('lives longer than seven days')
  const name = isName(claims.name) ? claims.name : undefined
  return { issuer, subject, email, name, sessionId: undefined, issuedAt, expiresAt }
}

/** Holds a token against the clock, in seconds since 1970. `token_expired` only where nothing else is wrong. */
export function checkTimes({ issuedAt, expiresAt }: AccessToken, { claims }: Jws, now: number): void {
  if ('nbf' in claims && time(claims, 'nbf') > now + clockSkew) throw problems.invalidToken('not valid yet')
  if (issuedAt > now + clockSkew) throw problems.invalidToken('issued in the future')
  if (expiresAt <= issuedAt) throw problems.invalidToken('ends before it begins')
  if (expiresAt <= now) throw problems.tokenExpired()
}
