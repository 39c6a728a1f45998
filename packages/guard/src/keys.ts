import { checkUrl, fetchJson } from './fetching.ts'
import { type Algorithm, parseKeySet, type VerificationKey } from './key-set.ts'

/** Milliseconds: between two fetches; after which keys are fetched again; for which they stay valid if that fails. */
const FETCH_PAUSE = 30_000
const REFRESH_AFTER = 5 * 60_000
const KEYS_LAST = 24 * 60 * 60_000
const timeout = 3_000

export interface Log {
  warn: (details: object, message: string) => void
}

interface Source {
  issuer: string
  jwksUrl?: string | undefined
  algorithms: readonly Algorithm[]
  allowHttp: boolean
}

/** The metadata's URL (RFC 8414, section 3.1). */
function metadataUrl(issuer: string, allowHttp: boolean): URL {
  const url = checkUrl(issuer, allowHttp)
  return new URL(`/.well-known/oauth-authorization-server${url.pathname.replace(/\/$/, '')}`, url)
}

function locator({ issuer, jwksUrl, allowHttp }: Source): () => Promise<URL> {
  if (jwksUrl !== undefined) {
    const url = checkUrl(jwksUrl, allowHttp)
    return async () => url
  }
  if (!URL.canParse(issuer)) throw new Error(`jwksUrl is required, because the issuer ${issuer} is not a URL`)
  const url = metadataUrl(issuer, allowHttp)
  return async () => {
    const metadata = (await fetchJson(url, { timeout })) as { issuer?: unknown; jwks_uri?: unknown } | null
    // RFC 8414, section 3.3.
    if (metadata?.issuer !== issuer) throw new Error(`${url} is not the metadata of ${issuer}`)
    return checkUrl(String(metadata.jwks_uri), allowHttp)
  }
}

/** Keeps the issuer's public keys. They come from the configured place only: a token's `jku`, `x5u` and `jwk` are ignored. */
export function createKeys(source: Source, log: Log, elapsed: () => number) {
  const locate = locator(source)
  let keys = new Map<string, VerificationKey>()
  let fetchedAt = Number.NEGATIVE_INFINITY
  let triedAt = Number.NEGATIVE_INFINITY
  const withdrawn = new Set<string>()
  let fetching: Promise<void> | undefined

  // Unchanged keys remain the same objects, by which cached tokens know that theirs is still valid.
  function adopt(found: Map<string, VerificationKey>): void {
    for (const [kid, { algorithm, key }] of keys) {
      const again = found.get(kid)
      if (again?.algorithm === algorithm && again.key.equals(key)) found.set(kid, keys.get(kid) as VerificationKey)
    }
    for (const kid of withdrawn) found.delete(kid)
    keys = found
  }

  async function load(): Promise<void> {
    triedAt = elapsed()
    try {
      const set = await fetchJson(await locate(), { timeout })
      adopt(parseKeySet(set, source.algorithms, (kid, reason) => log.warn({ kid, reason }, 'a key was refused')))
      fetchedAt = elapsed()
    } catch (err) {
      log.warn({ err, issuer: source.issuer }, 'the keys could not be fetched')
    }
  }

  async function refresh(): Promise<void> {
    if (!fetching && elapsed() - triedAt >= FETCH_PAUSE)
      fetching = load().finally(() => {
        fetching = undefined
      })
    await fetching
  }

  const areValid = () => elapsed() - fetchedAt <= KEYS_LAST

  function current(kid: string): VerificationKey | undefined {
    if (elapsed() - fetchedAt > REFRESH_AFTER) void refresh()
    return areValid() ? keys.get(kid) : undefined
  }

  return {
    current,
    /** Whether there are keys that may be used. */
    areValid,
    /** Fetches the keys again for an unknown kid, unless that has been tried in the last 30 s. */
    async find(kid: string): Promise<VerificationKey | undefined> {
      const known = current(kid)
      if (known) return known
      await refresh()
      return current(kid)
    },
    refresh,
    /**
     * Refuses a key from now on, also if a cache still publishes it. `onlyIfKnown`: for ids that may be others, of which there
     * can be many.
     */
    withdraw(kid: string, { onlyIfKnown = false } = {}): void {
      if (keys.delete(kid) || !onlyIfKnown) withdrawn.add(kid)
    }
  }
}

export type Keys = ReturnType<typeof createKeys>
