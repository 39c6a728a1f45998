import { LRUCache } from 'lru-cache'
import { problems } from '../problems.ts'
import type { AccessTokens } from './access-tokens.ts'
import type { AccessToken } from './claims.ts'
import type { Issuer } from './issuers.ts'
import type { VerificationKey } from './jwks.ts'
import { parseJws } from './jws.ts'

/** Characters of all remembered tokens together: some 20,000 of Better Auth's, 16 MB. */
const remembered = 16 * 1024 * 1024

interface Verified {
  token: Readonly<AccessToken>
  issuer: Issuer
  kid: string
  key: VerificationKey
}

/**
 * Verifies access tokens of every kind. Whose a token is, its `iss` says; how it is verified, the configuration of that
 * issuer. A token with an asymmetric signature is verified once and then known by its whole text, while its key counts
 * and until it expires; one that is refused is never remembered. `clock` gives milliseconds.
 */
export function createVerifier(tokens: AccessTokens, issuers: ReadonlyMap<unknown, Issuer>, clock: () => number) {
  const known = new LRUCache<string, Verified>({ maxSize: remembered, sizeCalculation: (_, text) => text.length })

  async function verifyByKeys(text: string, issuer: Issuer): Promise<AccessToken> {
    const jws = parseJws(text)
    const { token, key } = await issuer.verify(jws)
    known.set(text, { token: Object.freeze(token), issuer, kid: String(jws.header.kid), key })
    return token
  }

  /** Who a token speaks for; a promise where keys may have to be fetched. Throws `invalid_token` and `token_expired`. */
  return function verify(text: string): AccessToken | Promise<AccessToken> {
    const before = known.get(text)
    if (before?.issuer.trusts(before.kid, before.key)) {
      if (before.token.expiresAt <= clock() / 1000) throw problems.tokenExpired()
      return before.token
    }
    const jws = parseJws(text)
    const issuer = issuers.get(jws.claims.iss)
    return issuer && jws.header.alg !== 'HS256' ? verifyByKeys(text, issuer) : tokens.verify(jws)
  }
}

export type Verify = ReturnType<typeof createVerifier>
