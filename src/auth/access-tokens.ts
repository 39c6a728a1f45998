import { createHmac, createSecretKey, type KeyObject, timingSafeEqual } from 'node:crypto'
import { validate as isUuid, v4 as uuid } from 'uuid'
import { problems } from '../problems.ts'
import type { Secret } from '../secrets.ts'
import { type Jws, parseJws } from './jws.ts'

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

interface Settings {
  secrets: readonly Secret[]
  issuer: string
  audience: string
  accessTokenTtl: number
  betterAuthUrl: string | undefined
}

/** What tells one of our access tokens from any other HS256 JWT (RFC 9068, section 2.1). */
const ACCESS_TOKEN_TYPE = 'at+jwt'
const maxForeignLife = 7 * 24 * 60 * 60
/** Seconds by which another server's clock may be ahead of ours. */
const clockSkew = 60
/** The end of the year 9999, the last that RFC 3339 can write. */
const endOfTime = 253_402_300_799
/** Better Auth signs mail links and cookie caches with the same secret: these claims give them away. */
const neverALogin = ['session', 'updateTo', 'requestType']

/** Well-formed text without U+0000: PostgreSQL takes no other. */
const emailAddress = /^[^\s@\0\ud800-\udfff]+@[^\s@\0\ud800-\udfff]+$/u
/** A name that we would take from a user of our own; another issuer's token may hold any, or none. */
const isName = (value: unknown): value is string =>
  typeof value === 'string' && /^(?=\s*\S)[^\0\ud800-\udfff]{1,100}$/u.test(value)

const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
const hmac = (key: KeyObject, text: string) => createHmac('sha256', key).update(text).digest()

function text(claims: Jws['claims'], name: string): string {
  const value = claims[name]
  if (typeof value !== 'string' || value === '' || value.length > 255) throw problems.invalidToken(`no ${name}`)
  return value
}

function address(claims: Jws['claims']): string {
  const email = text(claims, 'email').toLowerCase()
  if (!emailAddress.test(email) || email.length > 254) throw problems.invalidToken('no address in email')
  return email
}

function time(claims: Jws['claims'], name: string): number {
  const value = claims[name]
  if (typeof value !== 'number' || !(value >= 0 && value <= endOfTime))
    throw problems.invalidToken(`no time in ${name}`)
  return value
}

/** Makes our access tokens and verifies every HS256 one, without the database. `clock` gives milliseconds. */
export function createAccessTokens(settings: Settings, clock: () => number) {
  const keys = new Map(settings.secrets.map(({ kid, secret }) => [kid, createSecretKey(secret, 'utf8')]))
  const [[kid, signingKey] = ['', undefined]] = keys
  if (!signingKey) throw new Error('No secret to sign access tokens with')
  const header = encode({ alg: 'HS256', typ: ACCESS_TOKEN_TYPE, kid })
  const foreignIssuer = settings.betterAuthUrl ?? 'better-auth'

  /** The algorithm is ours to say (RFC 8725, section 3.1): the header may agree or be refused. */
  function checkSignature({ header, signed, signature }: Jws): void {
    if (header.alg !== 'HS256') throw problems.invalidToken('algorithm')
    if ('crit' in header || 'b64' in header) throw problems.invalidToken('crit')
    const named = typeof header.kid === 'string' ? keys.get(header.kid) : undefined
    if ('kid' in header && !named) throw problems.invalidToken('unknown kid')
    const matches = (key: KeyObject) => {
      const expected = hmac(key, signed)
      return expected.length === signature.length && timingSafeEqual(expected, signature)
    }
    if (!(named ? [named] : [...keys.values()]).some(matches)) throw problems.invalidToken('signature')
  }

  function ours({ header, claims }: Jws): AccessToken {
    if (header.typ !== ACCESS_TOKEN_TYPE) throw problems.invalidToken('type')
    if (claims.aud !== settings.audience) throw problems.invalidToken('audience')
    text(claims, 'jti')
    const [subject, sessionId] = [text(claims, 'sub'), text(claims, 'sid')]
    if (!isUuid(subject) || !isUuid(sessionId)) throw problems.invalidToken('not our ids')
    const [issuedAt, expiresAt] = [time(claims, 'iat'), time(claims, 'exp')]
    return { issuer: null, subject, email: address(claims), name: undefined, sessionId, issuedAt, expiresAt }
  }

  /** A token that an app minted with the secret it shares with us: the bridge from a Better Auth front end. */
  function foreign({ header, claims }: Jws): AccessToken {
    if (header.typ !== undefined && header.typ !== 'JWT') throw problems.invalidToken('type')
    if (neverALogin.some((claim) => claim in claims)) throw problems.invalidToken('not a login')
    if ('iss' in claims && claims.iss !== settings.betterAuthUrl) throw problems.invalidToken('unknown issuer')
    if ('aud' in claims && claims.aud !== settings.audience && claims.aud !== settings.betterAuthUrl)
      throw problems.invalidToken('audience')
    const subject = text(claims, 'sub' in claims ? 'sub' : 'user_id')
    if (!/^[\x21-\x7e]+$/.test(subject)) throw problems.invalidToken('subject')
    if ('user_id' in claims && claims.user_id !== subject) throw problems.invalidToken('two subjects')
    const email = address(claims)
    const [issuedAt, expiresAt] = [time(claims, 'iat'), time(claims, 'exp')]
    if (expiresAt - issuedAt > maxForeignLife) throw problems.invalidToken('lives longer than seven days')
    const name = isName(claims.name) ? claims.name : undefined
    return { issuer: foreignIssuer, subject, email, name, sessionId: undefined, issuedAt, expiresAt }
  }

  return {
    /** A new access token for a session of a user who registered here; it does not outlive the session's `secondsLeft`. */
    issue(user: { id: string; email: string }, sessionId: string, secondsLeft = Number.POSITIVE_INFINITY) {
      const iat = Math.floor(clock() / 1000)
      const expires_in = Math.max(1, Math.floor(Math.min(settings.accessTokenTtl, secondsLeft)))
      const payload = encode({
        iss: settings.issuer,
        aud: settings.audience,
        sub: user.id,
        email: user.email,
        sid: sessionId,
        jti: uuid(),
        iat,
        exp: iat + expires_in
      })
      const signed = `${header}.${payload}`
      const access_token = `${signed}.${hmac(signingKey, signed).toString('base64url')}`
      return { access_token, expires_in }
    },

    /** Tells who a token speaks for. Throws `invalid_token` or, if nothing else is wrong with it, `token_expired`. */
    verify(token: string): AccessToken {
      const jws = parseJws(token)
      checkSignature(jws)
      const now = clock() / 1000
      const { claims } = jws
      if ('nbf' in claims && time(claims, 'nbf') > now + clockSkew) throw problems.invalidToken('not valid yet')
      const verified = claims.iss === settings.issuer ? ours(jws) : foreign(jws)
      if (verified.issuedAt > now + clockSkew) throw problems.invalidToken('issued in the future')
      if (verified.expiresAt <= verified.issuedAt) throw problems.invalidToken('ends before it begins')
      if (verified.expiresAt <= now) throw problems.tokenExpired()
      return verified
    }
  }
}

export type AccessTokens = ReturnType<typeof createAccessTokens>
