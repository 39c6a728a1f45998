import { createSigner, createVerifier, type SignerOptions, type VerifierOptions } from 'fast-jwt'
import type { Secret } from '../../config/secrets.ts'
import { ACCESS_TOKEN_TYPE, type SecretKeys } from './access-tokens.ts'

interface JwtOptions {
  sign: Partial<SignerOptions>
  verify: Partial<VerifierOptions>
}

/** The options for one key, whose algorithm is fixed, that @fastify/jwt hands to fast-jwt. */
export const jwtOptions = (kid: string, algorithm: 'HS256' | 'EdDSA' | 'ES256' = 'HS256'): JwtOptions => ({
  sign: { algorithm, header: { alg: algorithm, typ: ACCESS_TOKEN_TYPE, kid } },
  // claims.ts checks the times, by the app's clock. The library's cache would share a payload between requests.
  verify: { algorithms: [algorithm], ignoreExpiration: true, ignoreNotBefore: true, cache: false }
})

export const openSecretKeys = (secrets: readonly Secret[]): SecretKeys =>
  Object.fromEntries(
    secrets.map(({ kid, secret: key }) => {
      const { sign, verify } = jwtOptions(kid)
      return [kid, { sign: createSigner({ key, ...sign }), verify: createVerifier({ key, ...verify }) }]
    })
  )
