import { generateKeyPairSync, sign, verify as verifySignature } from 'node:crypto'
import { makeKey, openKey, type SigningAlgorithm, sealSigningKeys } from '../../src/auth/keys/key-pairs.ts'
import { createAccessTokens } from '../../src/auth/tokens/access-tokens.ts'
import { openSecretKeys } from '../../src/auth/tokens/secret-keys.ts'
import { createVerifier } from '../../src/auth/tokens/verifier.ts'
import { type Figure, figure } from './figures.ts'
import { median, quantile } from './statistics.ts'
import { secrets, settings } from './tokens.ts'

const batch = 1_000
const warmUp = 10
/** Characters of header and claims. */
const tokenLength = 500
const batches = 41
/** Microseconds for the first verification of a token; later ones are found in the cache. */
const target = 150

const user = () => ({
  id: crypto.randomUUID(),
  email: `${crypto.randomUUID()}@example.com`,
  email_verified: true,
  role: 'user' as const
})

/** Microseconds of CPU time per call, batch by batch. */
function timed(works: (() => unknown)[]): number {
  const before = process.cpuUsage()
  for (const work of works) work()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / works.length
}

/** The signature checks of a batch by OpenSSL alone: what no service can go below. */
function bareVerifications(algorithm: SigningAlgorithm): (() => unknown)[] {
  const { publicKey, privateKey } =
    algorithm === 'EdDSA' ? generateKeyPairSync('ed25519') : generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const digest = algorithm === 'EdDSA' ? null : 'sha256'
  const text = Buffer.from('t'.repeat(tokenLength))
  const signature = sign(digest, text, privateKey)
  return Array.from({ length: batch }, () => () => verifySignature(digest, text, publicKey, signature))
}

/** Issues and verifies tokens in this process, as the service does, each once. */
export function measureKeys(algorithm: SigningAlgorithm | 'HS256'): Figure[] {
  const sealing = sealSigningKeys(secrets)
  const key = algorithm === 'HS256' ? undefined : openKey(makeKey(crypto.randomUUID(), algorithm, sealing), sealing)
  const tokens = createAccessTokens(settings, openSecretKeys(secrets), Date.now, {
    signer: () => key,
    find() {
      if (!key) throw new Error('no key')
      return key
    },
    trusts: () => true,
    acceptsSharedSecret: () => true
  })
  const verify = createVerifier(tokens, new Map(), Date.now)
  const signing: number[] = []
  const verifying: number[] = []
  const bare: number[] = []
  const bareWork = algorithm === 'HS256' ? [] : bareVerifications(algorithm)
  for (let round = 0; round < warmUp + batches; round += 1) {
    const users = Array.from({ length: batch }, user)
    const issued: string[] = []
    const signed = timed(users.map((one) => () => issued.push(tokens.issue(one, crypto.randomUUID()).access_token)))
    const verified = timed(issued.map((token) => () => verify(token)))
    const bareVerified = timed(bareWork)
    if (round < warmUp) continue
    signing.push(signed)
    verifying.push(verified)
    bare.push(bareVerified)
  }
  const row = (what: string, values: number[], goal?: number): Figure => {
    const cost = median(values)
    return {
      ...figure(
        `${what}, ${algorithm}`,
        goal ? `<= ${goal} µs` : '',
        `${cost.toFixed(1)} µs`,
        goal ? cost <= goal : undefined
      ),
      spread: `${quantile(values, 0.25).toFixed(1)} to ${quantile(values, 0.75).toFixed(1)}`
    }
  }
  return [
    row('verifying a token for the first time', verifying, algorithm === 'EdDSA' ? target : undefined),
    ...(algorithm === 'HS256' ? [] : [row('the signature alone, by OpenSSL', bare)]),
    row('signing a token', signing)
  ]
}
