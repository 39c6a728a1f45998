import { validate as isUuid, v4 as uuid } from 'uuid'
import type { Secret } from '../../config/secrets.ts'
import { problems } from '../../http/problems.ts'
import { type AccessToken, address, bridgedToken, checkTimes, text, time } from './claims.ts'
import type { Jws } from './jws.ts'

interface Settings {
  secrets: readonly Secret[]
  issuer: string
  audience: string
  accessTokenTtl: number
  /** The Better Auth server that may share the secret. */
  betterAuth: { issuer: string; audience: string } | undefined
}

/** What tells one of our access tokens from any other HS256 JWT (RFC 9068, section 2.1). */
export const ACCESS_TOKEN_TYPE = 'at+jwt'

/** What signs and verifies JWTs under one secret, by its `kid`: @fastify/jwt. */
export type SecretKeys = Readonly<Record<string, SecretKey>>

interface SecretKey {
  sign: (payload: object) => string
  /** Throws for a token that it has not signed. */
  verify: (token: string) => unknown
}

/** Whether the library takes a token for signed with a key, however it says that it does not. */
function isSigned(key: SecretKey, { text }: Jws): boolean {
  try {
    key.verify(text)
    return true
  } catch {
    return false
  }
}

/** Makes our access tokens and verifies every HS256 one, without the database. `clock` gives milliseconds. */
export function createAccessTokens(settings: Settings, secretKeys: SecretKeys, clock: () => number) {
  const keys = new Map(settings.secrets.map(({ kid }) => [kid, secretKeys[kid] as SecretKey]))
  const [signingKey] = keys.values()
  if (!signingKey) throw new Error('No secret to sign access tokens with')
  const { betterAuth } = settings

  /**
   * Checks what is not a claim. The library reads less strictly than parseJws has, and signs and verifies by HS256 alone: the
   * algorithm is ours to say (RFC 8725, section 3.1), the header may agree or be refused.
   */
  function checkSignature(jws: Jws): void {
    const { header } = jws
    if (header.alg !== 'HS256') throw problems.invalidToken('algorithm')
    if ('crit' in header || 'b64' in header) throw problems.invalidToken('crit')
    const named = typeof header.kid === 'string' ? keys.get(header.kid) : undefined
    if ('kid' in header && !named) throw problems.invalidToken('unknown kid')
    if (!(named ? [named] : [...keys.values()]).some((key) => isSigned(key, jws)))
      throw problems.invalidToken('signature')
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
  function bridged(jws: Jws): AccessToken {
    const { claims } = jws
    if ('iss' in claims && claims.iss !== betterAuth?.issuer) throw problems.invalidToken('unknown issuer')
    if ('aud' in claims && claims.aud !== settings.audience && claims.aud !== betterAuth?.audience)
      throw problems.invalidToken('audience')
    return bridgedToken(jws, betterAuth?.issuer ?? 'better-auth')
  }

  return {
    /** A new access token for a session of a user who registered here; it does not outlive the session's `secondsLeft`. */
    issue(user: { id: string; email: string }, sessionId: string, secondsLeft = Number.POSITIVE_INFINITY) {
      const iat = Math.floor(clock() / 1000)
      const expires_in = Math.max(1, Math.floor(Math.min(settings.accessTokenTtl, secondsLeft)))
      const access_token = signingKey.sign({
        iss: settings.issuer,
        aud: settings.audience,
        sub: user.id,
        email: user.email,
        sid: sessionId,
        jti: uuid(),
        iat,
        exp: iat + expires_in
      })
      return { access_token, expires_in }
    },

    /** Tells who an HS256 token speaks for. Throws `invalid_token` or, if nothing else is wrong, `token_expired`. */
    verify(jws: Jws): AccessToken {
      checkSignature(jws)
      const token = jws.claims.iss === settings.issuer ? ours(jws) : bridged(jws)
      checkTimes(token, jws, clock() / 1000)
      return token
    }
  }
}

export type AccessTokens = ReturnType<typeof createAccessTokens>
