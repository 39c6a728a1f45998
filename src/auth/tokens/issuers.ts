import { compactVerify, createRemoteJWKSet, customFetch, type FetchImplementation } from 'jose'
import { problems } from '../../http/problems.ts'
import { type AccessToken, checkAudience, checkTimes, issuedToken } from './claims.ts'
import { type Algorithm, parseKeySet, type VerificationKey } from './jwks.ts'
import type { Jws } from './jws.ts'

/** An issuer that we trust, by its published keys. */
export interface TrustedIssuer {
  issuer: string
  audience: string
  jwksUrl: string
  algorithms: readonly Algorithm[]
}

/** Milliseconds. Between two fetches, whatever asks for them; after which keys are looked at anew; for which known ones do. */
export const FETCH_PAUSE = 30_000
export const REFRESH_AFTER = 10 * 60_000
export const KEYS_LAST = 24 * 60 * 60_000
const patience = 3_000
/** Bytes. */
const maxSize = 64 * 1024

interface Log {
  warn: (details: object, message: string) => void
}

/** A fetch whose answer is read no further than it may be large: jose bounds the time and follows no redirect. */
const fetchBounded: FetchImplementation = async (url, options) => {
  const answer = await fetch(url, options)
  if (answer.status !== 200 || !answer.body) return answer
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of answer.body) {
    size += chunk.length
    if (size > maxSize) throw new Error(`it is larger than ${maxSize} bytes`)
    chunks.push(chunk)
  }
  return new Response(Buffer.concat(chunks))
}

/** The keys that an issuer publishes now; `refuse` is told which of them cannot be trusted. Rejects when there is no set. */
export async function fetchKeys(
  { jwksUrl, algorithms: allowed }: TrustedIssuer,
  refuse: (kid: string, reason: string) => void
) {
  // For one fetch. Kept for longer, jose's set asks a broken issuer again for every token, and a known key does not outlive it.
  const remote = createRemoteJWKSet(new URL(jwksUrl), {
    [customFetch]: fetchBounded,
    timeoutDuration: patience,
    // A connection kept for ten minutes is dead when it is used next.
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

/**
 * Verifies the tokens of one issuer by the keys that it publishes at the configured URL, and at no other (a token's `jku`,
 * `x5u` and `jwk` are never read). Keys are fetched at the first token, looked at anew every REFRESH_AFTER and when a
 * `kid` is unknown, at most once in FETCH_PAUSE; with the issuer down, known ones do for KEYS_LAST. Monotonic `elapsed`
 * and `clock` give milliseconds.
 */
export function createIssuer(
  trusted: TrustedIssuer,
  log: Log,
  { clock, elapsed = () => performance.now() }: { clock: () => number; elapsed?: () => number }
) {
  const { issuer, audience, algorithms: allowed } = trusted
  let keys = new Map<string, VerificationKey>()
  let fetched = Number.NEGATIVE_INFINITY
  let tried = Number.NEGATIVE_INFINITY
  let fetching: Promise<void> | undefined

  async function load(): Promise<void> {
    tried = elapsed()
    try {
      keys = await fetchKeys(trusted, (kid, reason) => log.warn({ issuer, kid, reason }, 'a key was refused'))
      fetched = elapsed()
    } catch (err) {
      log.warn({ err, issuer }, 'the keys could not be fetched')
    }
  }

  /** Fetches, if that may be done again; whoever asks meanwhile waits for the same answer. */
  async function refresh(): Promise<void> {
    if (!fetching && elapsed() - tried >= FETCH_PAUSE)
      fetching = load().finally(() => {
        fetching = undefined
      })
    await fetching
  }

  /** The key of an id, while it may be trusted. */
  function current(kid: string): VerificationKey | undefined {
    if (elapsed() - fetched > REFRESH_AFTER) void refresh()
    return elapsed() - fetched > KEYS_LAST ? undefined : keys.get(kid)
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
    if (!key && elapsed() - fetched > KEYS_LAST) throw problems.unavailable(`no keys of ${issuer}`, FETCH_PAUSE / 1000)
    if (!key) throw problems.invalidToken('unknown kid')
    if (alg !== key.algorithm) throw problems.invalidToken('algorithm')
    return key
  }

  return {
    /** Whether a key that a token was once verified with still counts. */
    trusts(kid: string, { algorithm, key }: VerificationKey): boolean {
      const now = current(kid)
      return now !== undefined && now.algorithm === algorithm && now.key.equals(key)
    },

    /** Tells who a token of this issuer speaks for. Throws `invalid_token`, `token_expired`, or `unavailable` without keys. */
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
