import { setTimeout as sleep } from 'node:timers/promises'
import type { GatehouseUser } from './claims.ts'
import { checkUrl, fetchJson, HttpError } from './fetching.ts'
import type { Keys, Log } from './keys.ts'
import { Refusal } from './refusals.ts'

export interface RevocationOptions {
  /** `https://auth.example.com/api/revocations`. */
  url: string
  /** A personal access token with the scope `revocations:read`. */
  token: string
  /**
   * What happens to requests while Gatehouse does not say what was revoked. `refuse` (the default): 503. `accept`: sessions that
   * ended meanwhile still work.
   */
  whenUnknown?: 'refuse' | 'accept'
  /** Milliseconds after which what is known counts as too old; by default 15,000. */
  maxAge?: number
}

/** Seconds that Gatehouse waits for news. */
const wait = 5
/** Milliseconds. */
const margin = 5_000
/** From one question to the next. Without it, each revocation would cause one, and anyone could use up the token's limit by signing out. */
const SPACING = 250
const backoff = { first: 500, longest: 15_000 }
const pruneEvery = 60_000
/** Of a page of 1,000 revocations, with a long cursor. */
const maxBytes = 1024 * 1024
const MAX_AGE = 15_000

export interface Surroundings {
  allowHttp: boolean
  keys: Pick<Keys, 'withdraw'>
  log: Log
  clock: () => number
  elapsed: () => number
  pause?: (milliseconds: number, signal: AbortSignal) => Promise<unknown>
}

interface Item {
  kind: string
  id: string
  expires: number
}

interface Page {
  items: Item[]
  cursor: string
  isMore: boolean
}

function parseItem(item: unknown): Item {
  const { kind, id, expires_at } = Object(item)
  const expires = Date.parse(expires_at) / 1000
  if (typeof kind !== 'string' || typeof id !== 'string' || Number.isNaN(expires)) throw new Error('not a revocation')
  return { kind, id, expires }
}

function parsePage(body: unknown): Page {
  const { items, cursor, has_more: isMore } = Object(body)
  if (!Array.isArray(items) || typeof cursor !== 'string' || typeof isMore !== 'boolean')
    throw new Error('not a page of revocations')
  return { items: items.map(parseItem), cursor, isMore }
}

/** Half of it is random, so that services which lost one Gatehouse do not all come back at once. */
const backoffOf = (failures: number) =>
  Math.min(backoff.longest, backoff.first * 2 ** (failures - 1)) * (0.5 + Math.random() / 2)

export function checkRevocationOptions({ url, token, whenUnknown, maxAge = MAX_AGE }: RevocationOptions): void {
  if (typeof url !== 'string') throw new Error('revocations.url is required')
  // RFC 6750, section 2.1. It goes into a header.
  if (typeof token !== 'string' || !/^[\w.~+/-]+=*$/.test(token)) throw new Error('revocations.token is required')
  if (whenUnknown !== undefined && whenUnknown !== 'refuse' && whenUnknown !== 'accept')
    throw new Error('revocations.whenUnknown must be refuse or accept')
  // Between two answers without news there are up to ten seconds.
  if (!(maxAge >= 2 * margin + 1_000)) throw new Error('revocations.maxAge must be at least 11,000 milliseconds')
}

/** Follows Gatehouse's feed of revocations, and keeps the ended sessions until their tokens have expired. */
export function followRevocations(options: RevocationOptions, surroundings: Surroundings) {
  const { token, whenUnknown = 'refuse', maxAge = MAX_AGE } = options
  const { allowHttp, keys, log, clock, elapsed } = surroundings
  const { pause = (milliseconds, signal) => sleep(milliseconds, undefined, { signal }) } = surroundings
  const feed = checkUrl(options.url, allowHttp)
  const ended = new Map<string, number>()
  const stopping = new AbortController()
  const { signal } = stopping
  let cursor: string | undefined
  let isComplete = false
  let knownAt = Number.NEGATIVE_INFINITY
  let prunedAt = elapsed()
  let following: Promise<void> | undefined

  function prune(): void {
    if (elapsed() - prunedAt < pruneEvery) return
    prunedAt = elapsed()
    const now = clock() / 1000
    for (const [id, expires] of ended) if (expires <= now) ended.delete(id)
  }

  /** Returns whether more is there already. */
  async function poll(): Promise<boolean> {
    const url = new URL(feed)
    const seconds = isComplete ? wait : 0
    url.searchParams.set('wait', String(seconds))
    if (cursor !== undefined) url.searchParams.set('after', cursor)
    const begin = elapsed()
    const headers = { authorization: `Bearer ${token}` }
    const page = parsePage(await fetchJson(url, { timeout: seconds * 1000 + margin, max: maxBytes, headers, signal }))
    for (const { kind, id, expires } of page.items) {
      if (kind === 'session') ended.set(id, expires)
      else if (kind === 'signing_key') keys.withdraw(id)
      // As earlier releases of Gatehouse list signing keys, and users of other issuers as well.
      else if (kind === 'other') keys.withdraw(id, { onlyIfKnown: true })
    }
    cursor = page.cursor
    prune()
    if (page.isMore) return true
    isComplete = true
    // Not the time of the answer: this process may have stood still before it read it.
    knownAt = begin
    return false
  }

  async function follow(tried: () => void): Promise<void> {
    for (let failures = 0; !signal.aborted; ) {
      try {
        const begin = elapsed()
        const isMore = await poll()
        failures = 0
        if (isComplete) tried()
        const left = SPACING - (elapsed() - begin)
        if (!isMore && left > 0) await pause(left, signal).catch(() => {})
      } catch (err) {
        if (signal.aborted) return
        failures += 1
        log.warn({ err, failures }, 'the revocations could not be read')
        // A cursor that Gatehouse no longer reads. What is known stays.
        if (err instanceof HttpError && err.status === 400) [cursor, isComplete] = [undefined, false]
        tried()
        await pause(backoffOf(failures), signal).catch(() => {})
      }
    }
  }

  const isFresh = () => elapsed() - knownAt <= maxAge

  return {
    isFresh,

    /** Resolves when all revocations are known, or when the first attempt has failed. */
    start: () =>
      new Promise<void>((resolve) => {
        following = follow(resolve)
      }),

    /** Throws `token_revoked`, or `unavailable` if it cannot tell. */
    check({ sessionId }: GatehouseUser): void {
      if (ended.has(sessionId)) throw new Refusal('token_revoked', 'revoked')
      if (whenUnknown === 'refuse' && !isFresh()) throw new Refusal('unavailable', 'revocations unknown')
    },

    async stop(): Promise<void> {
      stopping.abort()
      await following
    }
  }
}
