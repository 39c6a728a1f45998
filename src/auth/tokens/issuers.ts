import { compactVerify, createRemoteJWKSet, customFetch, type FetchImplementation } from 'jose'
import { problems } from '../../http/problems.ts'
import { type AccessToken, checkAudience, checkTimes, issuedToken } from './claims.ts'
import { type Algorithm, parseKeySet, type VerificationKey } from './jwks.ts'
import type { Jws } from './jws.ts'

export interface TrustedIssuer {
  issuer: string
  audience: string
  jwksUrl: string
  algorithms: readonly Algorithm[]
}

/** Milliseconds: between two fetches; after which keys are refreshed; for which keys stay valid without a refresh. */
const FETCH_PAUSE = 30_000
const REFRESH_AFTER = 10 * 60_000
const KEYS_LAST = 24 * 60 * 60_000
const fetchTimeout = 3_000
const maxBytes = 64 * 1024

interface Log {
  warn: (details: object, message: string) => void
}

const fetchBounded: FetchImplementation = async (url, options) => {
  const answer = await fetch(url, options)
  if (answer.status !== 200 || !answer.body) return answer
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of answer.body) {
    size += chunk.length
    if (size > maxBytes) throw new Error(`it is larger than ${maxBytes} bytes`)
    chunks.push(chunk)
  }
  return new Response(Buffer.concat(chunks))
}

/** Fetches an issuer's keys. Calls `refuse` for each unacceptable key, and rejects without a key set. */
export async function fetchKeys(
  { jwksUrl, algorithms: allowed }: TrustedIssuer,
  refuse: (kid: string, reason: string) => void
) {
  // One set per fetch: jose's cached set would query a broken issuer again for every token, and would drop known keys.
  const remote = createRemoteJWKSet(new URL(jwksUrl), {
    [customFetch]: fetchBounded,
    timeoutDuration: fetchTimeout,
    // A connection idle for ten minutes is probably closed.
    headers: { accept: 'application/jwk-set+json, application/json', connection: 'close' }
  })
  await remote.reload()
  return parseKeySet(remote.jwks(), allowed, refuse)
}

const isSigned = ({ text }: Jws, { algorithm, key }: VerificationKey): Promise<boolean> =>
  compactVerify(text, key, { algorithms: [algorithm] }).then(
    () => true,
    () => false
  )

/** Verifies tokens of one issuer by keys from the configured URL only: a token's `jku`, `x5u` and `jwk` are ignored. */
export function createIssuer(
  trusted: TrustedIssuer,
  log: Log,
  { clock, elapsed = () => performance.now() }: { clock: () => number; elapsed?: () => number }
) {
  const { issuer, audience, algorithms: allowed } = trusted
  let keys = new Map<string, VerificationKey>()
  let fetchedAt = Number.NEGATIVE_INFINITY
  let triedAt = Number.NEGATIVE_INFINITY
  let fetching: Promise<void> | undefined

  async function load(): Promise<void> {
    triedAt = elapsed()
    try {
      keys = await fetchKeys(trusted, (kid, reason) => log.warn({ issuer, kid, reason }, 'a key was refused'))
      fetchedAt = elapsed()
    } catch (err) {
      log.warn({ err, issuer }, 'the keys could not be fetched')
    }
  }

  async function refresh(): Promise<void> {
    if (!fetching && elapsed() - triedAt >= FETCH_PAUSE)
      fetching = load().finally(() => {
        fetching = undefined
      })
    await fetching
  }

  function current(kid: string): VerificationKey | undefined {
    if (elapsed() - fetchedAt > REFRESH_AFTER) void refresh()
    return elapsed() - fetchedAt > KEYS_LAST ? undefined : keys.get(kid)
  }

  async function keyOf({ header }: Jws): Promise<VerificationKey> {
    const { kid, alg } = header
    if ('crit' in header || 'b64' in header) throw problems.invalidToken('crit')
    if (typeof kid !== 'string') throw problems.invalidToken('no kid')
    let key = current(kid)
    if (!key) {
      await refresh()
      key = current(kid)
    }
    if (!key && elapsed() - fetchedAt > KEYS_LAST)
      throw problems.unavailable(`no keys of ${issuer}`, FETCH_PAUSE / 1000)
    if (!key) throw problems.invalidToken('unknown kid')
    if (alg !== key.algorithm) throw problems.invalidToken('algorithm')
    return key
  }

  return {
    /** Whether the key that verified a token is still valid. */
    trusts(kid: string, { algorithm, key }: VerificationKey): boolean {
      const now = current(kid)
      return now !== undefined && now.algorithm === algorithm && now.key.equals(key)
    },

    /** Throws `invalid_token`, `token_expired`, or `unavailable` without keys. */
    async verify(jws: Jws): Promise<{ token: AccessToken; key: VerificationKey }> {
      if (!allowed.some((algorithm) => algorithm === jws.header.alg)) throw problems.invalidToken('algorithm')
      checkAudience(jws.claims, audience)
      const key = await keyOf(jws)
      if (!(await isSigned(jws, key))) throw problems.invalidToken('signature')
      const token = issuedToken(jws, issuer)
      checkTimes(token, jws, clock() / 1000)
      return { token, key }
    }
  }
}

export type Issuer = ReturnType<typeof createIssuer>
