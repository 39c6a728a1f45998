import { compactVerify } from 'jose'
import { checkTimes, type Expected, type GatehouseUser, readClaims } from './claims.ts'
import { type Members, parseJws, parseObject } from './jws.ts'
import type { Algorithm, VerificationKey } from './key-set.ts'
import type { Keys } from './keys.ts'
import { invalid, Refusal } from './refusals.ts'

/** Characters of all cached tokens together: about 16,000 tokens, in 16 MB. */
const maxCached = 8 * 1024 * 1024

interface Verified {
  user: GatehouseUser
  kid: string
  key: VerificationKey
}

interface Settings extends Expected {
  algorithms: readonly Algorithm[]
  /** Characters. */
  cacheSize?: number
}

// Half of the order of P-256 (SEC 2, section 2.4.2). ECDSA verifies s and n - s alike: with the lower one only, a token has one spelling.
const half = Buffer.from('7fffffff800000007fffffffffffffffde737d56d38bcf4279dce5617e3192a8', 'hex')

/** Returns the key's id. The list of the settings decides on the algorithm, and then the key, never the token alone. */
function checkHeader({ alg, typ, kid, ...others }: Members, allowed: readonly string[]): string {
  if (typeof alg !== 'string' || !allowed.includes(alg)) throw invalid('algorithm')
  // So that no other JWT of the issuer passes as an access token (RFC 9068, section 4).
  if (typ !== 'at+jwt') throw invalid('type')
  if ('crit' in others || 'b64' in others) throw invalid('crit')
  if (typeof kid !== 'string' || kid === '') throw invalid('no kid')
  return kid
}

const isSigned = (text: string, { key, algorithm }: VerificationKey): Promise<boolean> =>
  compactVerify(text, key, { algorithms: [algorithm] }).then(
    () => true,
    () => false
  )

/** Verifies access tokens, and keeps those that are valid. Refused ones are not kept, so a flood of them evicts nothing. */
export function createVerifier(settings: Settings, keys: Keys, clock: () => number) {
  const { algorithms, cacheSize = maxCached } = settings
  const cache = new Map<string, Verified>()
  let size = 0

  function forget(text: string): void {
    if (cache.delete(text)) size -= text.length
  }

  function remember(text: string, verified: Verified): void {
    forget(text)
    cache.set(text, verified)
    size += text.length
    for (const oldest of cache.keys()) {
      if (size <= cacheSize) return
      forget(oldest)
    }
  }

  async function verifyAnew(text: string): Promise<GatehouseUser> {
    const { header, payload, signature } = parseJws(text)
    const kid = checkHeader(header, algorithms)
    const key = await keys.find(kid)
    if (!key) throw keys.areValid() ? invalid('unknown kid') : new Refusal('unavailable', 'no keys')
    if (key.algorithm !== header.alg) throw invalid('algorithm')
    if (key.algorithm === 'ES256' && signature.subarray(32).compare(half) > 0) throw invalid('another spelling')
    if (!(await isSigned(text, key))) throw invalid('signature')
    const claims = parseObject(payload)
    const user = readClaims(claims, settings)
    checkTimes(user, claims, settings, clock() / 1000)
    remember(text, { user, kid, key })
    return user
  }

  /** Returns the user of a token, as a promise if it was not verified before. Throws a Refusal. */
  return function verify(text: string): GatehouseUser | Promise<GatehouseUser> {
    const before = cache.get(text)
    if (!before || keys.current(before.kid) !== before.key) return verifyAnew(text)
    if (before.user.expiresAt <= clock() / 1000) throw new Refusal('token_expired', 'expired')
    // Moves it to the end: the first ones are evicted.
    cache.delete(text)
    cache.set(text, before)
    return before.user
  }
}
