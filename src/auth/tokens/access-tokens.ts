import { validate as isUuid, v4 as uuid } from 'uuid'
import type { Role } from '../../../schemas/users.ts'
import type { Secret } from '../../config/secrets.ts'
import { problems } from '../../http/problems.ts'
import { andThen } from '../../util/and-then.ts'
import type { SigningKey } from '../keys/key-pairs.ts'
import type { SigningKeys } from '../keys/signing-keys.ts'
import {
  type AccessToken,
  type Authentication,
  authenticationClaims,
  bridgedToken,
  checkTimes,
  emailClaim,
  roleClaim,
  textClaim,
  timeClaim
} from './claims.ts'
import type { Jws } from './jws.ts'

interface Settings {
  secrets: readonly Secret[]
  issuer: string
  audience: string
  accessTokenTtl: number
  betterAuth: { issuer: string; audience: string } | undefined
}

/** The type that distinguishes our access tokens from other HS256 JWTs (RFC 9068, section 2.1). */
export const ACCESS_TOKEN_TYPE = 'at+jwt'

interface Holder {
  id: string
  email: string
  email_verified: boolean
  role: Role
}

export type SecretKeys = Readonly<Record<string, SecretKey>>

interface SecretKey {
  sign: (payload: object) => string
  verify: (token: string) => unknown
}

// The library has many errors: each means no. Their stacks would take a tenth of the time of a refused token.
function isSigned(key: SecretKey, { text }: Jws): boolean {
  const { stackTraceLimit } = Error
  Error.stackTraceLimit = 0
  let isRight = true
  try {
    key.verify(text)
  } catch {
    isRight = false
  }
  Error.stackTraceLimit = stackTraceLimit
  return isRight
}

type Keys = Pick<SigningKeys, 'signer' | 'find' | 'trusts' | 'acceptsSharedSecret'>

function refuseKeys(): never {
  throw problems.invalidToken('unknown kid')
}

/** For a service without a database. */
const sharedSecretOnly: Keys = {
  signer: () => undefined,
  find: refuseKeys,
  trusts: refuseKeys,
  acceptsSharedSecret: () => true
}

/** A verified token, and whether its key is still valid. */
interface Verified {
  token: AccessToken
  isKeyValid: () => boolean
}

export function createAccessTokens(
  settings: Settings,
  secretKeys: SecretKeys,
  clock: () => number,
  signingKeys: Keys = sharedSecretOnly
) {
  const keys = new Map<unknown, SecretKey>(settings.secrets.map(({ kid }) => [kid, secretKeys[kid] as SecretKey]))
  const [firstSecret] = keys.values()
  if (!firstSecret) throw new Error('No secret to sign access tokens with')
  const { betterAuth } = settings

  function refuseExtensions({ header }: Jws): void {
    if ('crit' in header || 'b64' in header) throw problems.invalidToken('crit')
  }

  // The configuration sets the algorithm, never the token (RFC 8725, section 3.1).
  function isSignedBySecret(jws: Jws): boolean {
    const { header } = jws
    if (header.alg !== 'HS256') throw problems.invalidToken('algorithm')
    refuseExtensions(jws)
    const named = keys.get(header.kid)
    if ('kid' in header && !named) throw problems.invalidToken('unknown kid')
    return (named ? [named] : [...keys.values()]).some((key) => isSigned(key, jws))
  }

  function ownToken({ header, claims }: Jws): AccessToken {
    if (header.typ !== ACCESS_TOKEN_TYPE) throw problems.invalidToken('type')
    if (claims.aud !== settings.audience) throw problems.invalidToken('audience')
    textClaim(claims, 'jti')
    const [subject, sessionId] = [textClaim(claims, 'sub'), textClaim(claims, 'sid')]
    if (!isUuid(subject) || !isUuid(sessionId)) throw problems.invalidToken('not our ids')
    // Tokens from before the claim existed lack it.
    if ('email_verified' in claims && typeof claims.email_verified !== 'boolean')
      throw problems.invalidToken('email_verified')
    const [issuedAt, expiresAt] = [timeClaim(claims, 'iat'), timeClaim(claims, 'exp')]
    const known = {
      ...authenticationClaims(claims),
      role: roleClaim(claims),
      email: emailClaim(claims),
      name: undefined
    }
    return { issuer: null, subject, sessionId, issuedAt, expiresAt, ...known }
  }

  // Minted by an app with the shared secret: the bridge of a Better Auth front end.
  function bridgeToken(jws: Jws): AccessToken {
    const { claims } = jws
    if ('iss' in claims && claims.iss !== betterAuth?.issuer) throw problems.invalidToken('unknown issuer')
    if ('aud' in claims && claims.aud !== settings.audience && claims.aud !== betterAuth?.audience)
      throw problems.invalidToken('audience')
    return bridgedToken(jws, betterAuth?.issuer ?? 'better-auth')
  }

  function checkKeySignature(jws: Jws, key: SigningKey): Verified {
    if (jws.header.alg !== key.algorithm) throw problems.invalidToken('algorithm')
    if (!isSigned(key, jws)) throw problems.invalidToken('signature')
    const token = ownToken(jws)
    checkTimes(token, jws, clock() / 1000)
    return { token, isKeyValid: () => signingKeys.trusts(key) }
  }

  return {
    issue(user: Holder, sessionId: string, secondsLeft = Number.POSITIVE_INFINITY, authentication?: Authentication) {
      const iat = Math.floor(clock() / 1000)
      const expires_in = Math.max(1, Math.floor(Math.min(settings.accessTokenTtl, secondsLeft)))
      const signingKey = signingKeys.signer() ?? firstSecret
      const access_token = signingKey.sign({
        iss: settings.issuer,
        aud: settings.audience,
        sub: user.id,
        email: user.email,
        email_verified: user.email_verified,
        role: user.role,
        sid: sessionId,
        jti: uuid(),
        iat,
        exp: iat + expires_in,
        ...authentication
      })
      return { access_token, expires_in }
    },

    /** Whether our own tokens under the shared secret are accepted (see createSigningKeys). */
    acceptsSharedSecret: signingKeys.acceptsSharedSecret,

    /**
     * Verifies a token of the shared secret: our own, or a bridge's. Undefined if the signature is wrong: V8 does not optimize
     * a function that never returns, and in a flood of made-up tokens it would throw each time.
     */
    verify(jws: Jws): AccessToken | undefined {
      if (!isSignedBySecret(jws)) return undefined
      const isOwn = jws.claims.iss === settings.issuer
      if (isOwn && !signingKeys.acceptsSharedSecret()) throw problems.invalidToken('shared secret')
      const token = isOwn ? ownToken(jws) : bridgeToken(jws)
      checkTimes(token, jws, clock() / 1000)
      return token
    },

    /** Verifies a token of a key of ours. Returns a promise only if the key may be new. */
    verifyByKey(jws: Jws): Verified | Promise<Verified> {
      const { header, claims } = jws
      if ((header.alg !== 'EdDSA' && header.alg !== 'ES256') || claims.iss !== settings.issuer)
        throw problems.invalidToken('algorithm')
      refuseExtensions(jws)
      return andThen(signingKeys.find(header.kid), (key) => checkKeySignature(jws, key))
    }
  }
}

export type AccessTokens = ReturnType<typeof createAccessTokens>
