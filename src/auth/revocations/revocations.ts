import { problems } from '../../http/problems.ts'
import type { Revocation, RevocationsRepository } from '../../repositories/revocations.ts'
import { singleFlight } from '../../util/single-flight.ts'
import { withTimeout } from '../../util/with-timeout.ts'
import { watchStandstill } from '../throttle/standstill.ts'
import type { AccessToken, ForeignToken, OwnToken } from '../tokens/claims.ts'
import { keyOf, parseAnnouncement } from './revocation-keys.ts'
import { foreignLife, readOn, revocationOfForeign, revocationOfSession } from './revocation-rows.ts'
import { ALWAYS, createRevocationTable } from './revocation-table.ts'

/** Milliseconds between two questions to the database for what nobody told us. */
export const POLL_INTERVAL = 1_000
/** Milliseconds without an answer after which no token is believed any more. */
export const MAX_STALENESS = 5_000
/** Milliseconds that a request waits for the database to say what was revoked. */
const PATIENCE = 2_000

/** What other processes say, if there are any: calls back with each announcement, and whenever some may have been missed. */
export type Announcements = (listener: { onMessage: (payload: string) => void; onListening: () => void }) => {
  stop: () => void
}

/**
 * The tokens that have been revoked, in memory, so that checking one takes no query. Where processes share a database
 * (`announcements` is given) they hear of revocations by LISTEN and ask once a second for what they did not hear. A
 * process that could not ask for MAX_STALENESS, or stood still (SIGSTOP), asks before it believes another token, and
 * answers 503 while it gets no answer. `clock` gives milliseconds since 1970, `elapsed` monotonic ones.
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
  let asked = Number.NEGATIVE_INFINITY
  /** How often something was committed that the database could not tell of. */
  let untold = 0
  const standstill = watchStandstill([elapsed, clock])
  let knownStandstills = 0

  const listeners: ((key: string | undefined) => void)[] = []
  const tell = (key?: string) => {
    for (const listener of listeners) listener(key)
  }

  function add({ key, cutoff, expires }: Revocation): void {
    table.add(key, cutoff, expires)
    if (cutoff < ALWAYS) tell(key)
  }
  const take = (rows: Revocation[]) => rows.forEach(add)

  async function ask(): Promise<void> {
    const begin = elapsed()
    const standstills = standstill.count()
    const before = untold
    const next = await readOn(repository, horizon, take)
    // The question may be older than what was committed meanwhile.
    if (before !== untold) return
    if (horizon !== undefined && BigInt(next) < BigInt(horizon)) tell()
    horizon = next
    table.forget(clock() / 1000)
    asked = begin
    knownStandstills = standstills
  }

  const askAgain = singleFlight(ask)
  function catchUp(): Promise<void> {
    follow()
    return askAgain()
  }

  function follow(): void {
    if (source || !announcements) return
    source = announcements({
      onMessage(payload) {
        const revocation = parseAnnouncement(payload)
        if (revocation) take([revocation])
      },
      onListening: () => void catchUp().catch(() => {})
    })
    timer = setInterval(() => catchUp().catch(() => {}), POLL_INTERVAL).unref()
  }

  /** Milliseconds since the database last told all it knew; 0 where nobody else could have told it anything. */
  const staleness = () => (announcements ? Math.round(elapsed() - asked) : 0)

  const isFresh = () =>
    horizon !== undefined &&
    (!announcements || (standstill.count() === knownStandstills && staleness() <= MAX_STALENESS))

  async function settle(): Promise<void> {
    await withTimeout(PATIENCE, catchUp()).catch(() => {
      horizon = undefined
      untold += 1
    })
  }

  return {
    /** Learns of all that was revoked before this call. Rejects when the database does not say. */
    catchUp,
    /** Takes up what was just committed. Never rejects: until the database tells of it, no token is believed. */
    settle,
    /** Whether enough is known to believe a token. */
    isFresh,
    /**
     * Calls back with the key of another issuer's user of whom something was revoked, and without one when the database went
     * back in time (a restore): whatever was read from it is in doubt.
     */
    onForeign: (listener: (key: string | undefined) => void): void => void listeners.push(listener),
    /** Catches up unless enough is known. */
    ensure: async () => isFresh() || catchUp(),
    staleness,
    get size(): number {
      return table.size
    },

    /**
     * The second up to which tokens like this one are refused, 0 where none are. Throws `token_revoked`, and `unavailable`
     * when that cannot be known. A promise only when it has to ask first.
     */
    check(token: AccessToken): number | Promise<number> {
      const look = () => {
        const cutoff = table.cutoff(keyOf(token))
        if (cutoff !== 0 && cutoff >= token.issuedAt) throw problems.tokenRevoked('revoked')
        return cutoff
      }
      if (isFresh()) return look()
      return withTimeout(PATIENCE, catchUp()).then(
        () => {
          // It stood still, or waited too long, while the answer was on its way.
          if (!isFresh()) throw problems.unavailable('revocations out of date')
          return look()
        },
        (error: Error) => {
          throw problems.unavailable(`revocations unknown: ${error.message}`)
        }
      )
    },

    /** Ends all tokens of a session; whoever calls settles. */
    revokeSession: (token: OwnToken) => repository.insert(revocationOfSession(token)),

    /** Ends all tokens of another issuer's user up to this one, or, with `others`, those before it. */
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
