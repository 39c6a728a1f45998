import { LRUCache } from 'lru-cache'
import { problems } from '../../http/problems.ts'
import type { AccessTokens } from './access-tokens.ts'
import type { AccessToken } from './claims.ts'
import type { Issuer } from './issuers.ts'
import { type Jws, parseJws } from './jws.ts'

/** Characters of all cached tokens together: about 20,000 of ours or 10,000 of Better Auth's, in 16 MB. */
const maxCached = 8 * 1024 * 1024

interface Verified {
  text: string
  token: Readonly<AccessToken>
  /** Whether the key that verified the token is still valid. */
  isKeyValid: () => boolean
}

/**
 * The cache key: the end of the signature (256 bits), which is faster than the whole token. A hit compares the whole
 * token.
 */
const keyOf = (text: string) => text.slice(-43)

const alwaysValid = () => true

/**
 * Verifies access tokens of every kind. The claim `iss` selects the issuer, whose configuration selects the algorithm
 * and the keys. A verified token is cached by its text while its key is valid and until it expires. Refused tokens are
 * never cached, so a flood of them cannot evict others. `clock` returns milliseconds.
 */
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

  /**
   * Returns the claims of a token; a promise if keys may have to be fetched. Throws `invalid_token` and
   * `token_expired`.
   */
  return function verify(text: string): AccessToken | Promise<AccessToken> {
    const before = cache.get(keyOf(text))
    if (before?.text === text && before.isKeyValid()) {
      if (before.token.expiresAt <= clock() / 1000) throw problems.tokenExpired()
      return before.token
    }
    const jws = parseJws(text)
    const issuer = jws.header.alg === 'HS256' ? undefined : issuers.get(jws.claims.iss)
    return issuer ? verifyByKeys(text, jws, issuer) : remember(text, tokens.verify(jws), alwaysValid)
  }
}

export type Verify = ReturnType<typeof createVerifier>
