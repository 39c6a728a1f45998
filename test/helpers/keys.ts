import { constants, generateKeyPairSync, type JsonWebKey, type KeyObject, sign } from 'node:crypto'
import type { Algorithm } from '../../src/auth/tokens/jwks.ts'
import { bridgeClaims, segment } from './mint.ts'

type Part = Record<string, unknown>
export interface Pair {
  publicKey: KeyObject
  privateKey: KeyObject
}

/** A key pair for each algorithm. */
export const pairs = {
  EdDSA: generateKeyPairSync('ed25519'),
  ES256: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  ES512: generateKeyPairSync('ec', { namedCurve: 'P-521' }),
  RS256: generateKeyPairSync('rsa', { modulusLength: 2048 }),
  PS256: generateKeyPairSync('rsa', { modulusLength: 2048 })
} satisfies Record<Algorithm, Pair>

/** A published key; its kid defaults to the name of the algorithm. */
export const published = ({ publicKey }: Pair, kid: string, more: Part = {}): JsonWebKey & Part => ({
  ...publicKey.export({ format: 'jwk' }),
  kid,
  ...more
})

const methods = {
  EdDSA: { digest: null },
  ES256: { digest: 'sha256', dsaEncoding: 'ieee-p1363' },
  ES512: { digest: 'sha512', dsaEncoding: 'ieee-p1363' },
  RS256: { digest: 'sha256', padding: constants.RSA_PKCS1_PADDING },
  PS256: { digest: 'sha256', padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 },
  'ES256 in DER': { digest: 'sha256', dsaEncoding: 'der' },
  'PS256 with another salt': { digest: 'sha256', padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 20 }
} as const

/** Signs a token with a given algorithm, whatever the header says. */
export function signWith(
  how: keyof typeof methods,
  { privateKey }: Pair,
  header: Part | string,
  claims: Part | string
) {
  const { digest, ...options } = methods[how]
  const text = `${segment(header)}.${segment(claims)}`
  return `${text}.${sign(digest, Buffer.from(text), { key: privateKey, ...options }).toString('base64url')}`
}

export const issuerName = 'https://auth.example.com'
export const audience = 'https://api.example.com'

/** The claims of another issuer's token. Undefined claims are omitted. */
export const foreignClaims = (changes: Part = {}) => bridgeClaims({ iss: issuerName, aud: audience, ...changes })

/** A token of another issuer. */
export const foreignToken = (changes: Part = {}, header: Part = {}, algorithm: Algorithm = 'EdDSA') =>
  signWith(algorithm, pairs[algorithm], { alg: algorithm, kid: algorithm, ...header }, foreignClaims(changes))
