import { validate as isUuid, v4 as uuid } from 'uuid'
import type { Secret } from '../../config/secrets.ts'
import { type Problem, problems } from '../../http/problems.ts'
import { type AccessToken, address, bridgedToken, checkTimes, text, time } from './claims.ts'
import { createHmac } from './hmac.ts'
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
const ACCESS_TOKEN_TYPE = 'at+jwt'
const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')

/** Makes our access tokens and verifies every HS256 one, without the database. `clock` gives milliseconds. */
export function createAccessTokens(settings: Settings, clock: () => number) {
  const keys = new Map(settings.secrets.map(({ kid, secret }) => [kid, createHmac(secret)]))
  const [[kid, signingKey] = ['', undefined]] = keys
  if (!signingKey) throw new Error('No secret to sign access tokens with')
  const header = encode({ alg: 'HS256', typ: ACCESS_TOKEN_TYPE, kid })
  const { betterAuth } = settings

  /**
   * What is wrong with a token before its claims are read, if anything is. The algorithm is ours to say (RFC 8725, section
   * 3.1): the header may agree or be refused.
   */
  function faultOf({ header, signed, signature }: Jws): string | undefined {
    if (header.alg !== 'HS256') return 'algorithm'
    if ('crit' in header || 'b64' in header) return 'crit'
    const named = typeof header.kid === 'string' ? keys.get(header.kid) : undefined
    if ('kid' in header && !named) return 'unknown kid'
    return (named ? [named] : [...keys.values()]).some((key) => key.verify(signed, signature)) ? undefined : 'signature'
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
      const access_token = `${signed}.${signingKey.sign(signed)}`
      return { access_token, expires_in }
    },

    /**
     * Tells who an HS256 token speaks for, or `invalid_token`. What is wrong beyond the signature is thrown: `invalid_token`
     * or, if nothing else is, `token_expired`.
     */
    verify(jws: Jws): AccessToken | Problem {
      const fault = faultOf(jws)
      if (fault) return problems.invalidToken(fault)
      const token = jws.claims.iss === settings.issuer ? ours(jws) : bridged(jws)
      checkTimes(token, jws, clock() / 1000)
      return token
    }
  }
}

export type AccessTokens = ReturnType<typeof createAccessTokens>
