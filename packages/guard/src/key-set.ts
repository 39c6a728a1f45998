import { createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto'

/** The key type and curve of each algorithm (RFC 7518, section 3; RFC 8037, section 3.1). */
const types = {
  EdDSA: { kty: 'OKP', crv: 'Ed25519' },
  ES256: { kty: 'EC', crv: 'P-256' }
} as const

export type Algorithm = keyof typeof types
export const algorithms = Object.keys(types) as Algorithm[]

export interface VerificationKey {
  algorithm: Algorithm
  key: KeyObject
}

const maxKeys = 100
const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null

function parseKey(jwk: Record<string, unknown>, allowed: readonly Algorithm[]): VerificationKey {
  if ('d' in jwk || 'k' in jwk) throw new Error('it is a private or a symmetric key')
  if (jwk.use !== undefined && jwk.use !== 'sig') throw new Error('it is not for signatures')
  const algorithm = allowed.find((name) => types[name].kty === jwk.kty && types[name].crv === jwk.crv)
  if (!algorithm || (jwk.alg !== undefined && jwk.alg !== algorithm))
    throw new Error(`it is not for ${allowed.join(' or ')}`)
  return { algorithm, key: createPublicKey({ key: jwk as JsonWebKey, format: 'jwk' }) }
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
