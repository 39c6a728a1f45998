import { LRUCache } from 'lru-cache'
import { problems } from '../../http/problems.ts'
import { andThen } from '../../util/and-then.ts'
import type { AccessTokens } from './access-tokens.ts'
import type { AccessToken } from './claims.ts'
import type { Issuer } from './issuers.ts'
import { type Jws, parseJws } from './jws.ts'

// Characters of all cached tokens together: about 20,000 of ours or 10,000 of Better Auth's, in 16 MB.
const maxCached = 8 * 1024 * 1024

interface Verified {
  text: string
  token: Readonly<AccessToken>
  isKeyValid: () => boolean
}

// The end of the signature (256 bits) is faster than the whole token, which a hit compares.
const keyOf = (text: string) => text.slice(-43)

const alwaysValid = () => true

/** Verifies access tokens: `iss` selects the issuer. Refused tokens are not cached, so a flood of them cannot evict others. */
export function createVerifier(tokens: AccessTokens, issuers: ReadonlyMap<unknown, Issuer>, clock: () => number) {
  const cache = new LRUCache<string, Verified>({ maxSize: maxCached, sizeCalculation: ({ text }) => text.length })

  function remember(text: string, token: AccessToken, isKeyValid: () => boolean): AccessToken {
    cache.set(keyOf(text), { text, token: Object.freeze(token), isKeyValid })
    return token
  }

  async function verifyByKeys(text: string, jws: Jws, issuer: Issuer): Promise<AccessToken> {
    const { token, key } = await issuer.verify(jws)
    const kid = String(jws.header.kid)
    return remember(text, token, () => issuer.trusts(kid, key))
  }

  function verifyBySecret(text: string, jws: Jws): AccessToken | undefined {
    const token = tokens.verify(jws)
    return token && remember(text, token, token.issuer === null ? tokens.acceptsSharedSecret : alwaysValid)
  }

  /** Returns a promise only if keys may have to be fetched, and undefined for a wrong signature of the shared secret. */
  return function verify(text: string): AccessToken | undefined | Promise<AccessToken> {
    const before = cache.get(keyOf(text))
    if (before?.text === text && before.isKeyValid()) {
      if (before.token.expiresAt <= clock() / 1000) throw problems.tokenExpired()
      return before.token
    }
    const jws = parseJws(text)
    if (jws.header.alg === 'HS256') return verifyBySecret(text, jws)
    const issuer = issuers.get(jws.claims.iss)
    if (issuer) return verifyByKeys(text, jws, issuer)
    return andThen(tokens.verifyByKey(jws), ({ token, isKeyValid }) => remember(text, token, isKeyValid))
  }
}

export type Verify = ReturnType<typeof createVerifier>
