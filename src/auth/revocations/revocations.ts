import { LRUCache } from 'lru-cache'
import { problems } from '../../http/problems.ts'
import type { Revocation, RevocationsRepository } from '../../repositories/revocations.ts'
import { bounded } from '../../util/bounded.ts'
import { singleFlight } from '../../util/single-flight.ts'
import { withTimeout } from '../../util/with-timeout.ts'
import { watchStandstill } from '../throttle/standstill.ts'
import type { AccessToken, ForeignToken, OwnToken } from '../tokens/claims.ts'
import { keyOf, parseAnnouncement } from './revocation-keys.ts'
import { foreignLife, readRevocations, revocationOfForeign, revocationOfSession } from './revocation-rows.ts'
import { ALWAYS, createRevocationTable } from './revocation-table.ts'

export const POLL_INTERVAL = 1_000
/** Milliseconds after the last successful poll from which no token is accepted. */
export const MAX_STALENESS = 5_000
const POLL_TIMEOUT = 2_000
const maxEndedOthers = 20_000

export type Announcements = (listener: { onMessage: (payload: string) => void; onListening: () => void }) => {
  stop: () => void
}

interface Options {
  accessTokenTtl: number
  announcements?: Announcements | undefined
  /** Milliseconds that a request waits for a poll. */
  queueWait?: number | undefined
}

/**
 * Keeps revoked tokens in memory. Processes that share a database hear of revocations by LISTEN, and poll for those they missed.
 * A process that could not poll for MAX_STALENESS, or stood still (SIGSTOP), answers 503 until a poll succeeds.
 */
export function createRevocations(
  repository: Pick<RevocationsRepository, 'readAll' | 'readSince' | 'insert'>,
  { accessTokenTtl, announcements, queueWait = POLL_TIMEOUT }: Options,
  { clock, elapsed = () => performance.now() }: { clock: () => number; elapsed?: () => number }
) {
  const table = createRevocationTable(Math.max(accessTokenTtl, foreignLife))
  let timer: NodeJS.Timeout | undefined
  let source: { stop: () => void } | undefined
  let horizon: string | undefined
  let polledAt = Number.NEGATIVE_INFINITY
  // Commits that the following poll did not return.
  let unreadCommits = 0
  const standstill = watchStandstill([elapsed, clock])
  let knownStandstills = 0

  // What this process has stored, by the key of the user: whoever repeats it adds no row. Forgotten when the database was restored.
  const endedOthers = new LRUCache<string, number>(bounded(maxEndedOthers))
  const listeners: ((key: string | undefined) => void)[] = []
  const changeListeners: (() => void)[] = []
  const notify = (key?: string) => {
    for (const listener of listeners) listener(key)
  }

  function add({ key, cutoff, expires }: Revocation): void {
    table.add(key, cutoff, expires)
    if (cutoff < ALWAYS) notify(key)
  }
  function addAll(rows: Revocation[]): void {
    rows.forEach(add)
    if (rows.length > 0) for (const listener of changeListeners) listener()
  }

  async function poll(): Promise<void> {
    const begin = elapsed()
    const standstills = standstill.count()
    const before = unreadCommits
    const next = await readRevocations(repository, horizon, addAll)
    // This poll may have begun before that commit.
    if (before !== unreadCommits) return
    if (horizon !== undefined && BigInt(next) < BigInt(horizon)) {
      endedOthers.clear()
      notify()
    }
    horizon = next
    table.dropExpired(clock() / 1000)
    polledAt = begin
    knownStandstills = standstills
  }

  const pollOnce = singleFlight(poll)
  function catchUp(): Promise<void> {
    subscribe()
    return pollOnce()
  }

  function subscribe(): void {
    if (source || !announcements) return
    source = announcements({
      onMessage(payload) {
        const revocation = parseAnnouncement(payload)
        if (revocation) addAll([revocation])
      },
      onListening: () => void catchUp().catch(() => {})
    })
    timer = setInterval(() => catchUp().catch(() => {}), POLL_INTERVAL).unref()
  }

  const staleness = () => (announcements ? Math.round(elapsed() - polledAt) : 0)

  const isFresh = () =>
    horizon !== undefined &&
    (!announcements || (standstill.count() === knownStandstills && staleness() <= MAX_STALENESS))

  /** Polls, and again if the process stood still meanwhile, as on a busy machine. */
  async function refresh(): Promise<void> {
    const end = elapsed() + queueWait
    do await catchUp()
    while (!isFresh() && elapsed() < end)
  }

  async function settle(): Promise<void> {
    await withTimeout(queueWait, catchUp()).catch(() => {
      horizon = undefined
      unreadCommits += 1
    })
  }

  return {
    /** Reads all revocations committed before this call. Rejects when the database does not answer. */
    catchUp,
    /** Reads what this process has just committed. On failure no token is accepted until a poll succeeds. */
    settle,
    isFresh,
    /** Calls back with a revoked user of another issuer or a signing key, or without a key when the database was restored. */
    onForeign: (listener: (key: string | undefined) => void): void => void listeners.push(listener),
    /** Calls back after revocations, which may be known ones. */
    onChange: (listener: () => void): void => void changeListeners.push(listener),
    ensure: async () => isFresh() || catchUp(),
    staleness,
    get size(): number {
      return table.size
    },

    /** Returns the time up to which such tokens are revoked. Throws `token_revoked`, or `unavailable` if it cannot tell. */
    check(token: AccessToken): number | Promise<number> {
      const look = () => {
        const cutoff = table.cutoff(keyOf(token))
        // Cutoffs are whole seconds, as most issuers write `iat`. A token of the second of its revocation may be from before it.
        if (cutoff !== 0 && cutoff >= Math.floor(token.issuedAt)) throw problems.tokenRevoked('revoked')
        return cutoff
      }
      if (isFresh()) return look()
      return withTimeout(queueWait, refresh()).then(
        () => {
          // The process stood still or waited too long.
          if (!isFresh()) throw problems.unavailable('revocations out of date')
          return look()
        },
        (error: Error) => {
          throw problems.unavailable(`revocations unknown: ${error.message}`)
        }
      )
    },

    /** The caller must call `settle` afterwards. */
    revokeSession: (token: OwnToken) => repository.insert(revocationOfSession(token)),

    async revokeForeign(token: ForeignToken, others = false): Promise<void> {
      const revocation = revocationOfForeign(token, clock(), others)
      const { key, cutoff } = revocation
      if (!others || (endedOthers.get(key) ?? 0) < cutoff) {
        await repository.insert(revocation)
        if (others) endedOthers.set(key, cutoff)
      }
      await settle()
    },

    stop(): void {
      source?.stop()
      standstill.stop()
      clearInterval(timer)
    }
  }
}

export type Revocations = ReturnType<typeof createRevocations>
