import type { Role } from '../../../schemas/users.ts'
import { problems } from '../../http/problems.ts'
import { normalEmail } from '../email-address.ts'
import type { Jws } from './jws.ts'

/** Times are seconds since 1970. */
interface Bearer {
  subject: string
  email: string
  name: string | undefined
  issuedAt: number
  expiresAt: number
}

export interface OwnToken extends Bearer {
  issuer: null
  sessionId: string
  /** When the user last proved who they are, in seconds; undefined if that is unknown. */
  authTime: number | undefined
  /** How, by the names of RFC 8176. */
  amr: readonly string[]
  /** At the time of the login, the refresh or the step-up: a change of the role ends the sessions. */
  role: Role
}

export interface ForeignToken extends Bearer {
  issuer: string
  /** Undefined if the token does not say it. */
  emailVerified?: boolean | undefined
  sessionId: undefined
  authTime?: undefined
}

export type AccessToken = OwnToken | ForeignToken

/** When and how a user proved who they are, as claims (OpenID Connect Core, section 2; RFC 8176). */
export interface Authentication {
  auth_time: number
  amr: string[]
}

// Seconds. Revocations of other issuers' tokens must be kept longer than this.
const maxForeignLife = 7 * 24 * 60 * 60
/** Seconds that another server's clock may be ahead. */
const clockSkew = 60
const endOfYear9999 = 253_402_300_799
const maxMethods = 10
// Claims of Better Auth's mail links, which are signed with the shared secret.
const mailLink = ['updateTo', 'requestType']
const sessionCache = 'better-auth:session-cache'
/** A printable subject (OpenID Connect Core, section 2; RFC 7519, section 4.1.2). */
const printable = /^[^\p{C}\p{Zl}\p{Zp}]+$/u

type Claims = Jws['claims']
const isObject = (value: unknown): value is Claims => typeof value === 'object' && value !== null

const isName = (value: unknown): value is string =>
  typeof value === 'string' && /^(?=\s*\S)[^\0\ud800-\udfff]{1,100}$/u.test(value)

const isMethod = (value: unknown): value is string => typeof value === 'string' && /^[a-z]{1,10}$/.test(value)

export function textClaim(claims: Claims, name: string): string {
  const value = claims[name]
  if (typeof value !== 'string' || value === '' || value.length > 255) throw problems.invalidToken(`no ${name}`)
  return value
}

/** Blanks around the email are refused, because nobody typed it. */
export function emailClaim(claims: Claims): string {
  const claim = textClaim(claims, 'email')
  const email = claim.trim() === claim ? normalEmail(claim) : undefined
  if (email === undefined) throw problems.invalidToken('no address in email')
  return email
}

export function timeClaim(claims: Claims, name: string): number {
  const value = claims[name]
  if (typeof value !== 'number' || !(value >= 0 && value <= endOfYear9999))
    throw problems.invalidToken(`no time in ${name}`)
  return value
}

/** Reads `auth_time` and `amr` of our own tokens, which older ones lack. */
export function authenticationClaims(claims: Claims): Pick<OwnToken, 'authTime' | 'amr'> {
  if (!('auth_time' in claims) && !('amr' in claims)) return { authTime: undefined, amr: [] }
  const { amr } = claims
  const authTime = timeClaim(claims, 'auth_time')
  if (!Number.isInteger(authTime)) throw problems.invalidToken('no time in auth_time')
  if (!Array.isArray(amr) || amr.length > maxMethods || !amr.every(isMethod)) throw problems.invalidToken('no amr')
  return { authTime, amr: Object.freeze(amr) }
}

/** Reads `role` of our own tokens, which older ones lack. */
export function roleClaim(claims: Claims): Role {
  if (!('role' in claims) || claims.role === 'user') return 'user'
  if (claims.role !== 'admin') throw problems.invalidToken('role')
  return claims.role
}

// In any case and with or without `application/` (RFC 7515, section 4.1.9).
function checkType({ typ }: Jws['header'], allowed: readonly string[]): void {
  if (typ === undefined) return
  if (typeof typ !== 'string' || !allowed.includes(typ.toLowerCase().replace(/^application\//, '')))
    throw problems.invalidToken('type')
}

/** Only a boolean counts (OpenID Connect Core, section 5.1). Better Auth has its own spelling. */
function verifiedClaim(claims: Claims): boolean | undefined {
  const value = 'email_verified' in claims ? claims.email_verified : claims.emailVerified
  return typeof value === 'boolean' ? value : undefined
}

/** `person` has the email: the claims, or an object in them. */
function foreignToken(claims: Claims, issuer: string, subject: string, person = claims): ForeignToken {
  const [issuedAt, expiresAt] = [timeClaim(claims, 'iat'), timeClaim(claims, 'exp')]
  if (expiresAt - issuedAt > maxForeignLife) throw problems.invalidToken('lives longer than seven days')
  const name = isName(claims.name) ? claims.name : undefined
  const [email, emailVerified] = [emailClaim(person), verifiedClaim(person)]
  return { issuer, subject, email, emailVerified, name, sessionId: undefined, issuedAt, expiresAt }
}

// Numbers must be safe integers: rounding could merge two users.
function subjectOf(claims: Claims): string {
  const name = 'sub' in claims ? 'sub' : 'user_id'
  const { [name]: value } = claims
  const subject = Number.isSafeInteger(value) ? String(value) : textClaim(claims, name)
  if (!printable.test(subject)) throw problems.invalidToken('subject')
  if ('user_id' in claims && ![subject, claims.sub].includes(claims.user_id))
    throw problems.invalidToken('two subjects')
  return subject
}

const listsUs = (list: unknown[], audience: string) =>
  list.every((name) => typeof name === 'string' && name !== sessionCache) && list.includes(audience)

/** Checks that a token is for us, alone or among others (RFC 7519, section 4.1.3). */
export function checkAudience({ aud }: Claims, audience: string): void {
  if (!(Array.isArray(aud) ? listsUs(aud, audience) : aud === audience)) throw problems.invalidToken('audience')
}

/** Reads a token of an issuer with its own keys, with which Better Auth can also sign its session cache. */
export function issuedToken({ header, claims }: Jws, issuer: string): ForeignToken {
  checkType(header, ['jwt', 'at+jwt'])
  if (mailLink.some((claim) => claim in claims) || (isObject(claims.session) && isObject(claims.user)))
    throw problems.invalidToken('not a login')
  return foreignToken(claims, issuer, subjectOf(claims))
}

/** Reads a token of the shared secret, with which Better Auth also signs mail links and cookie caches. */
export function bridgedToken({ header, claims }: Jws, issuer: string): ForeignToken {
  checkType(header, ['jwt'])
  if (['session', ...mailLink].some((claim) => claim in claims)) throw problems.invalidToken('not a login')
  const { user } = claims
  const person = isObject(user) && typeof user.id === 'string' ? user : undefined
  const isNamed = 'sub' in claims || 'user_id' in claims
  const subject = !isNamed && person ? textClaim(person, 'id') : textClaim(claims, 'sub' in claims ? 'sub' : 'user_id')
  if (!/^[\x21-\x7e]+$/.test(subject)) throw problems.invalidToken('subject')
  if ([claims.user_id, person?.id].some((other) => other !== undefined && other !== subject))
    throw problems.invalidToken('two subjects')
  const token = foreignToken(claims, issuer, subject, isNamed ? claims : person)
  if (!isNamed && 'email' in claims && emailClaim(claims) !== token.email) throw problems.invalidToken('two emails')
  return token
}

/** Throws `token_expired` only if nothing else is wrong. */
export function checkTimes(token: AccessToken, { claims }: Jws, now: number): void {
  const { issuedAt, expiresAt, authTime = 0 } = token
  if ('nbf' in claims && timeClaim(claims, 'nbf') > now + clockSkew) throw problems.invalidToken('not valid yet')
  if (issuedAt > now + clockSkew) throw problems.invalidToken('issued in the future')
  if (authTime > now + clockSkew) throw problems.invalidToken('authenticated in the future')
  if (expiresAt <= issuedAt) throw problems.invalidToken('ends before it begins')
  if (expiresAt <= now) throw problems.tokenExpired()
}
