import { LRUCache } from 'lru-cache'
import { problems } from '../../http/problems.ts'
import type { AccessTokens } from './access-tokens.ts'
import type { AccessToken } from './claims.ts'
import type { Issuer } from './issuers.ts'
import { type Jws, parseJws } from './jws.ts'

/** Characters of all remembered tokens together: some 20,000 of ours, 10,000 of Better Auth's; 8 MB and as much again. */
const remembered = 8 * 1024 * 1024

interface Verified {
  text: string
  token: Readonly<AccessToken>
  /** Whether the key that it was verified with still counts. */
  stands: () => boolean
}

/** What a token is looked up by, quicker than by the whole: the end of its signature, 256 bits. Who is found is compared whole. */
const keyOf = (text: string) => text.slice(-43)

/** Our secrets are the same for as long as the process runs. */
const always = () => true

/**
 * Verifies access tokens of every kind. Whose a token is, its `iss` says; how it is verified, the configuration of that
 * issuer. A token is verified once and then known by its text, while its key counts and until it expires; one that
 * is refused is never remembered, so that a flood of them drives nobody out. `clock` gives milliseconds.
 */
export function createVerifier(tokens: AccessTokens, issuers: ReadonlyMap<unknown, Issuer>, clock: () => number) {
  const known = new LRUCache<string, Verified>({ maxSize: remembered, sizeCalculation: ({ text }) => text.length })

  function remember(text: string, token: AccessToken, stands: () => boolean): AccessToken {
    known.set(keyOf(text), { text, token: Object.freeze(token), stands })
    return token
  }

  async function verifyByKeys(text: string, jws: Jws, issuer: Issuer): Promise<AccessToken> {
    const { token, key } = await issuer.verify(jws)
    const kid = String(jws.header.kid)
    return remember(text, token, () => issuer.trusts(kid, key))
  }

  /** Who a token speaks for; a promise where keys may have to be fetched. Throws `invalid_token` and `token_expired`. */
  return function verify(text: string): AccessToken | Promise<AccessToken> {
    const before = known.get(keyOf(text))
    if (before?.text === text && before.stands()) {
      if (before.token.expiresAt <= clock() / 1000) throw problems.tokenExpired()
      return before.token
    }
    const jws = parseJws(text)
    const issuer = jws.header.alg === 'HS256' ? undefined : issuers.get(jws.claims.iss)
    return issuer ? verifyByKeys(text, jws, issuer) : remember(text, tokens.verify(jws), always)
  }
}

export type Verify = ReturnType<typeof createVerifier>
