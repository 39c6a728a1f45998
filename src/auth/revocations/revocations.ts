import { problems } from '../../http/problems.ts'
import type { Revocation, RevocationsRepository } from '../../repositories/revocations.ts'
import { singleFlight } from '../../util/single-flight.ts'
import { withTimeout } from '../../util/with-timeout.ts'
import { watchStandstill } from '../throttle/standstill.ts'
import type { AccessToken, ForeignToken, OwnToken } from '../tokens/claims.ts'
import { keyOf, parseAnnouncement } from './revocation-keys.ts'
import { foreignLife, readRevocations, revocationOfForeign, revocationOfSession } from './revocation-rows.ts'
import { ALWAYS, createRevocationTable } from './revocation-table.ts'

/** Milliseconds between two polls for revocations that were not announced. */
export const POLL_INTERVAL = 1_000
/** Milliseconds after the last successful poll from which no token is accepted. */
export const MAX_STALENESS = 5_000
/** Milliseconds that a request waits for a poll. */
const POLL_TIMEOUT = 2_000

/** Announcements of other processes. Calls back with each one, and whenever some may have been missed. */
export type Announcements = (listener: { onMessage: (payload: string) => void; onListening: () => void }) => {
  stop: () => void
}

/**
 * Keeps revoked tokens in memory, so that checking a token needs no query. Processes that share a database
 * (`announcements` is given) hear of revocations by LISTEN, and poll once a second for those they missed. A process
 * that could not poll for MAX_STALENESS, or stood still (SIGSTOP), polls before it accepts another token, and answers
 * 503 until that succeeds. `clock` returns milliseconds since 1970, `elapsed` monotonic ones.
 */
export function createRevocations(
  repository: Pick<RevocationsRepository, 'readAll' | 'readSince' | 'insert'>,
  { accessTokenTtl, announcements }: { accessTokenTtl: number; announcements?: Announcements | undefined },
  { clock, elapsed = () => performance.now() }: { clock: () => number; elapsed?: () => number }
) {
  const table = createRevocationTable(Math.max(accessTokenTtl, foreignLife))
  let timer: NodeJS.Timeout | undefined
  let source: { stop: () => void } | undefined
  let horizon: string | undefined
  let polledAt = Number.NEGATIVE_INFINITY
  /** Counts commits that the following poll did not return. */
  let unreadCommits = 0
  const standstill = watchStandstill([elapsed, clock])
  let knownStandstills = 0

  const listeners: ((key: string | undefined) => void)[] = []
  const notify = (key?: string) => {
    for (const listener of listeners) listener(key)
  }

  function add({ key, cutoff, expires }: Revocation): void {
    table.add(key, cutoff, expires)
    if (cutoff < ALWAYS) notify(key)
  }
  const addAll = (rows: Revocation[]) => rows.forEach(add)

  async function poll(): Promise<void> {
    const begin = elapsed()
    const standstills = standstill.count()
    const before = unreadCommits
    const next = await readRevocations(repository, horizon, addAll)
    // This poll may have begun before that commit.
    if (before !== unreadCommits) return
    if (horizon !== undefined && BigInt(next) < BigInt(horizon)) notify()
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

  /** Milliseconds since the last successful poll; 0 without other processes. */
  const staleness = () => (announcements ? Math.round(elapsed() - polledAt) : 0)

  const isFresh = () =>
    horizon !== undefined &&
    (!announcements || (standstill.count() === knownStandstills && staleness() <= MAX_STALENESS))

  async function settle(): Promise<void> {
    await withTimeout(POLL_TIMEOUT, catchUp()).catch(() => {
      horizon = undefined
      unreadCommits += 1
    })
  }

  return {
    /** Reads all revocations committed before this call. Rejects when the database does not answer. */
    catchUp,
    /**
     * Reads what this process has just committed. Never rejects: on failure no token is accepted until a poll succeeds.
     */
    settle,
    /** Whether revocations are recent enough to accept a token. */
    isFresh,
    /**
     * Calls back with the key of another issuer's user with a new revocation, or without a key when the database went
     * back in time (a restore), which invalidates everything read from it.
     */
    onForeign: (listener: (key: string | undefined) => void): void => void listeners.push(listener),
    /** Catches up unless revocations are fresh. */
    ensure: async () => isFresh() || catchUp(),
    staleness,
    get size(): number {
      return table.size
    },

    /**
     * Returns the time (seconds) up to which tokens like this one are revoked, 0 if none are. Throws `token_revoked`,
     * and `unavailable` when that cannot be determined. Returns a promise only if a poll is needed.
     */
    check(token: AccessToken): number | Promise<number> {
      const look = () => {
        const cutoff = table.cutoff(keyOf(token))
        if (cutoff !== 0 && cutoff >= token.issuedAt) throw problems.tokenRevoked('revoked')
        return cutoff
      }
      if (isFresh()) return look()
      return withTimeout(POLL_TIMEOUT, catchUp()).then(
        () => {
          // The process stood still or waited too long while the answer was on its way.
          if (!isFresh()) throw problems.unavailable('revocations out of date')
          return look()
        },
        (error: Error) => {
          throw problems.unavailable(`revocations unknown: ${error.message}`)
        }
      )
    },

    /** Revokes all tokens of a session; the caller must call `settle` afterwards. */
    revokeSession: (token: OwnToken) => repository.insert(revocationOfSession(token)),

    /** Revokes all tokens of another issuer's user up to this one or, with `others`, only older ones. */
    async revokeForeign(token: ForeignToken, others = false): Promise<void> {
      await repository.insert(revocationOfForeign(token, clock(), others))
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
