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
/** Better Auth signs mail links with the shared secret, and makes them of these claims. */
const mailLink = ['updateTo', 'requestType']
const sessionCache = 'better-auth:session-cache'
/** A subject as OpenID Connect Core (section 2) and RFC 7519 (section 4.1.2) allow it: text that can be printed. */
const printable = /^[^\p{C}\p{Zl}\p{Zp}]+$/u

type Claims = Jws['claims']
const isObject = (value: unknown): value is Claims => typeof value === 'object' && value !== null

/** A name that we would take from a user of our own; another issuer's token may hold any, or none. */
const isName = (value: unknown): value is string =>
  typeof value === 'string' && /^(?=\s*\S)[^\0\ud800-\udfff]{1,100}$/u.test(value)

/** A claim that must be text. */
export function text(claims: Claims, name: string): string {
  const value = claims[name]
  if (typeof value !== 'string' || value === '' || value.length > 255) throw problems.invalidToken(`no ${name}`)
  return value
}

/** The email, as we would store it. A claim is no form: blanks around it are not somebody's typing. */
export function address(claims: Claims): string {
  const claim = text(claims, 'email')
  const email = claim.trim() === claim ? normalEmail(claim) : undefined
  if (email === undefined) throw problems.invalidToken('no address in email')
  return email
}

/** A claim that must be a time, in seconds since 1970. */
export function time(claims: Claims, name: string): number {
  const value = claims[name]
  if (typeof value !== 'number' || !(value >= 0 && value <= endOfTime))
    throw problems.invalidToken(`no time in ${name}`)
  return value
}

/** Whether the header names one of these types, in any case and with or without `application/` (RFC 7515, section 4.1.9). */
function checkType({ typ }: Jws['header'], allowed: readonly string[]): void {
  if (typ === undefined) return
  const name = typeof typ === 'string' ? typ.toLowerCase().replace(/^application\//, '') : ''
  if (!allowed.includes(name)) throw problems.invalidToken('type')
}

/** Who a token of another issuer speaks for, apart from the identity, which `subject` and `email` give. */
function foreign(claims: Claims, issuer: string, subject: string, email: string): ForeignToken {
  const [issuedAt, expiresAt] = [time(claims, 'iat'), time(claims, 'exp')]
  if (expiresAt - issuedAt > maxForeignLife) throw problems.invalidToken('lives longer than seven days')
  const name = isName(claims.name) ? claims.name : undefined
  return { issuer, subject, email, name, sessionId: undefined, issuedAt, expiresAt }
}

/** The subject, as text. A number counts as its digits while it is exact: two users must never become one. */
function subjectOf(claims: Claims): string {
  const name = 'sub' in claims ? 'sub' : 'user_id'
  const { [name]: value } = claims
  const subject = Number.isSafeInteger(value) ? String(value) : text(claims, name)
  if (!printable.test(subject)) throw problems.invalidToken('subject')
  if ('user_id' in claims && ![subject, claims.sub].includes(claims.user_id))
    throw problems.invalidToken('two subjects')
  return subject
}

/** Whether a list of audiences names only texts, ours among them, and not that of Better Auth's session caches. */
const listsUs = (list: unknown[], audience: string) =>
  list.every((name) => typeof name === 'string' && name !== sessionCache) && list.includes(audience)

/** Checks that a token is for us, alone or among others (RFC 7519, section 4.1.3). */
export function checkAudience({ aud }: Claims, audience: string): void {
  if (!(Array.isArray(aud) ? listsUs(aud, audience) : aud === audience)) throw problems.invalidToken('audience')
}

/**
 * What an issuer with keys of its own says of its user: an access token (RFC 9068), or any other JWT. Better Auth may sign its
 * session caches with the same keys; those hold two objects, `session` and `user`.
 */
export function issuedToken({ header, claims }: Jws, issuer: string): ForeignToken {
  checkType(header, ['jwt', 'at+jwt'])
  if (mailLink.some((claim) => claim in claims) || (isObject(claims.session) && isObject(claims.user)))
    throw problems.invalidToken('not a login')
  return foreign(claims, issuer, subjectOf(claims), address(claims))
}

/**
 * What whoever shares our secret says of its user, by `sub`, by `user_id`, or by `user: {id, email}`. With that secret Better
 * Auth signs mail links and cookie caches too. A type of `at+jwt` is that of our own tokens, under the same key.
 */
export function bridgedToken({ header, claims }: Jws, issuer: string): ForeignToken {
  checkType(header, ['jwt'])
  if (['session', ...mailLink].some((claim) => claim in claims)) throw problems.invalidToken('not a login')
  const { user } = claims
  const person = isObject(user) && typeof user.id === 'string' ? user : undefined
  const isNamed = 'sub' in claims || 'user_id' in claims
  const subject = !isNamed && person ? text(person, 'id') : text(claims, 'sub' in claims ? 'sub' : 'user_id')
  if (!/^[\x21-\x7e]+$/.test(subject)) throw problems.invalidToken('subject')
  if ([claims.user_id, person?.id].some((other) => other !== undefined && other !== subject))
    throw problems.invalidToken('two subjects')
  const email = address(isNamed || !person ? claims : person)
  if (!isNamed && 'email' in claims && address(claims) !== email) throw problems.invalidToken('two emails')
  return foreign(claims, issuer, subject, email)
}

/** Holds a token against the clock, in seconds since 1970. `token_expired` only where nothing else is wrong. */
export function checkTimes({ issuedAt, expiresAt }: AccessToken, { claims }: Jws, now: number): void {
  if ('nbf' in claims && time(claims, 'nbf') > now + clockSkew) throw problems.invalidToken('not valid yet')
  if (issuedAt > now + clockSkew) throw problems.invalidToken('issued in the future')
  if (expiresAt <= issuedAt) throw problems.invalidToken('ends before it begins')
  if (expiresAt <= now) throw problems.tokenExpired()
}
