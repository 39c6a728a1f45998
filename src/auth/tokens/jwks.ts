import { createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto'

/** The key type and curve of each algorithm (RFC 7518, section 3; RFC 8037, section 3.1). */
export const algorithms = {
  EdDSA: { kty: 'OKP', crv: 'Ed25519' },
  ES256: { kty: 'EC', crv: 'P-256' },
  ES512: { kty: 'EC', crv: 'P-521' },
  RS256: { kty: 'RSA', crv: undefined },
  PS256: { kty: 'RSA', crv: undefined }
} as const

export type Algorithm = keyof typeof algorithms

export interface VerificationKey {
  algorithm: Algorithm
  key: KeyObject
}

const maxKeys = 100
const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null

// The one that the key names, or the only one for its type.
function algorithmOf(jwk: Record<string, unknown>, allowed: readonly Algorithm[]): Algorithm | undefined {
  const fitting = allowed.filter((name) => algorithms[name].kty === jwk.kty && algorithms[name].crv === jwk.crv)
  const named = fitting.filter((name) => jwk.alg === undefined || jwk.alg === name)
  return named.length === 1 ? named[0] : undefined
}

function parseKey(jwk: Record<string, unknown>, allowed: readonly Algorithm[]): VerificationKey {
  if ('d' in jwk || 'k' in jwk) throw new Error('it is a private or a symmetric key')
  if (jwk.use !== undefined && jwk.use !== 'sig') throw new Error('it is not for signatures')
  if (jwk.key_ops !== undefined && !(Array.isArray(jwk.key_ops) && jwk.key_ops.includes('verify')))
    throw new Error('it is not for verifying')
  const algorithm = algorithmOf(jwk, allowed)
  if (!algorithm) throw new Error(`it is for no single one of ${allowed.join(', ')}`)
  const key = createPublicKey({ key: jwk as JsonWebKey, format: 'jwk' })
  const { modulusLength = 2048, publicExponent = 65537n } = { ...key.asymmetricKeyDetails }
  if (modulusLength < 2048) throw new Error(`an RSA key of ${modulusLength} bits is too short`)
  if (publicExponent < 3n) throw new Error('its RSA exponent is too small')
  return { algorithm, key }
}

/** Parses a JWK Set (RFC 7517) into keys by id. Unacceptable keys, and keys that share an id, are reported to `refuse`. */
export function parseKeySet(
  set: unknown,
  allowed: readonly Algorithm[],
  refuse: (kid: string, reason: string) => void
): Map<string, VerificationKey> {
  if (!isObject(set) || !Array.isArray(set.keys)) throw new Error('not a JWK Set')
  if (set.keys.length > maxKeys) throw new Error(`more than ${maxKeys} keys`)
  const keys = new Map<string, VerificationKey>()
  const seen = new Set<string>()
  for (const jwk of set.keys) {
    const kid = isObject(jwk) && typeof jwk.kid === 'string' ? jwk.kid : ''
    try {
      if (!isObject(jwk) || kid === '') throw new Error('it has no kid')
      if (seen.has(kid)) {
        keys.delete(kid)
        throw new Error('there are two of its kid')
      }
      seen.add(kid)
      keys.set(kid, parseKey(jwk, allowed))
    } catch (error) {
      refuse(kid.slice(0, 100), (error as Error).message)
    }
  }
  return keys
}
