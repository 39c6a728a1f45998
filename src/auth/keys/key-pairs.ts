import { createPrivateKey, createPublicKey, generateKeyPairSync, type JsonWebKey } from 'node:crypto'
import { createSigner, createVerifier } from 'fast-jwt'
import type { Secret } from '../../config/secrets.ts'
import { createSealing, type Sealing } from '../sealing.ts'
import { jwtOptions } from '../tokens/secret-keys.ts'

export type SigningAlgorithm = 'EdDSA' | 'ES256'

/** A key of ours. Its algorithm is fixed, whatever a token says (RFC 8725, section 3.1). */
export interface SigningKey {
  kid: string
  algorithm: SigningAlgorithm
  /** The public key, as published. */
  jwk: JsonWebKey & { kid: string; alg: SigningAlgorithm; use: 'sig' }
  sign: (payload: object) => string
  /** Throws if the signature is wrong. */
  verify: (token: string) => unknown
}

interface Stored {
  kid: string
  algorithm: SigningAlgorithm
  private_key: Uint8Array
}

const generate = {
  EdDSA: () => generateKeyPairSync('ed25519').privateKey,
  ES256: () => generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
}

// The order of the curve P-256 (SEC 2, section 2.4.2).
const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n

function splitSignature(token: string): [signed: string, r: Buffer, s: bigint] {
  const at = token.lastIndexOf('.') + 1
  const signature = Buffer.from(token.slice(at), 'base64url')
  return [token.slice(0, at), signature.subarray(0, 32), BigInt(`0x${signature.toString('hex', 32)}`)]
}

const isHigh = (s: bigint) => s > order / 2n

// ECDSA verifies s and n - s alike. With the lower one only, a token has one spelling.
function withLowS(token: string): string {
  const [signed, r, s] = splitSignature(token)
  if (!isHigh(s)) return token
  const low = Buffer.from((order - s).toString(16).padStart(64, '0'), 'hex')
  return signed + Buffer.concat([r, low]).toString('base64url')
}

/** How private keys are stored. */
export const sealSigningKeys = (secrets: readonly Secret[]) => createSealing(secrets, 'signing keys')

/** A sealed key opens only as itself: a row that was copied or given another algorithm does not. */
export const contextOf = ({ kid, algorithm }: Pick<Stored, 'kid' | 'algorithm'>) => `${kid} ${algorithm}`

/** Makes a key, sealed for the database. */
export function makeKey(kid: string, algorithm: SigningAlgorithm, sealing: Sealing) {
  const bytes = generate[algorithm]().export({ type: 'pkcs8', format: 'der' })
  return { kid, algorithm, private_key: sealing.seal(bytes, contextOf({ kid, algorithm })) }
}

/**
 * Opens a stored key. The public key is derived from the private one, so that nobody who can only write to the database can
 * add a key of their own. Returns undefined if no configured secret sealed it.
 *
 * Keys appear while the process runs, and @fastify/jwt takes a namespace only before the start: the signer and the verifier
 * are those of fast-jwt, on which it is built.
 */
export function openKey(stored: Stored, sealing: Sealing): SigningKey | undefined {
  const { kid, algorithm } = stored
  const unsealed = sealing.unseal(stored.private_key, contextOf(stored))
  if (!unsealed) return undefined
  const privateKey = createPrivateKey({ key: unsealed.bytes, format: 'der', type: 'pkcs8' })
  const publicKey = createPublicKey(privateKey)
  const options = jwtOptions(kid, algorithm)
  const sign = createSigner({ key: String(privateKey.export({ type: 'pkcs8', format: 'pem' })), ...options.sign })
  const verify = createVerifier({ key: String(publicKey.export({ type: 'spki', format: 'pem' })), ...options.verify })
  const jwk = { ...publicKey.export({ format: 'jwk' }), kid, alg: algorithm, use: 'sig' } as const
  if (algorithm === 'EdDSA') return { kid, algorithm, jwk, sign, verify }
  return {
    kid,
    algorithm,
    jwk,
    sign: (payload) => withLowS(sign(payload)),
    verify(token) {
      const claims = verify(token)
      const [, , s] = splitSignature(token)
      if (isHigh(s)) throw new Error('Another spelling of the signature')
      return claims
    }
  }
}
