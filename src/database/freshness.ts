import { setTimeout as sleep } from 'node:timers/promises'
import { type Kysely, sql } from 'kysely'
import { singleFlight } from '../util/single-flight.ts'
import { withTimeout } from '../util/with-timeout.ts'
import type { Database } from './tables.ts'

/** Milliseconds that reads wait for a replica to catch up, and that one which did not is then left alone. */
const patience = 100
const rest = 250
const betweenLooks = 1

/** A place in the write-ahead log, on the line of history that it belongs to: a failover begins another. */
export interface Position {
  lsn: string
  timeline: number
}

/** Up to where the primary has acknowledged writes: what is flushed, or, where it acknowledges before that, all. */
export async function positionOf(primary: Kysely<Database>): Promise<Position> {
  const { rows } = await sql<Position>`
    select (case current_setting('synchronous_commit') when 'off' then pg_current_wal_insert_lsn()
      else pg_current_wal_flush_lsn() end)::text as lsn,
      ('x' || left(pg_walfile_name(pg_current_wal_insert_lsn()), 8))::bit(32)::int as timeline`.execute(primary)
  return rows[0] as Position
}

/**
 * Whether a replica shows everything up to there. After a failover it first has to have a restart point on the new line
 * of history, minutes later: positions on two lines cannot be compared.
 */
export async function hasReached(replica: Kysely<Database>, { lsn, timeline }: Position): Promise<boolean> {
  const { rows } = await sql<{ reached: boolean }>`
    select pg_is_in_recovery() and pg_last_wal_replay_lsn() >= ${lsn}::pg_lsn
      and (select timeline_id from pg_control_checkpoint()) = ${timeline} as reached`.execute(replica)
  return rows[0]?.reached === true
}

interface Sources {
  position: () => Promise<Position>
  hasReached: (position: Position) => Promise<boolean>
  /** Monotonic milliseconds. */
  elapsed?: () => number
}

/**
 * Tells whether a replica shows all that was acknowledged before the question, by whatever process (the "read index" of
 * Raft): the primary says how far it is, and the replica whether it is there. Everybody who asks at the same time shares
 * one question to each.
 */
export function createFreshness({ position, hasReached, elapsed = () => performance.now() }: Sources) {
  let restingUntil = Number.NEGATIVE_INFINITY
  let fresh = false

  async function compare(deadline: number): Promise<boolean> {
    const target = await position()
    while (!(await hasReached(target))) {
      if (elapsed() >= deadline) return false
      await sleep(betweenLooks)
    }
    return true
  }

  function setAside(): void {
    restingUntil = elapsed() + rest
  }

  const look = singleFlight(async () => {
    fresh = await withTimeout(patience, compare(elapsed() + patience)).catch(() => false)
    if (!fresh) setAside()
  })

  return {
    /** Never rejects: a replica or a primary that does not say is a no. */
    async isFresh(): Promise<boolean> {
      if (elapsed() < restingUntil) return false
      await look()
      return fresh
    },
    /** It failed: nobody asks it for a while. */
    setAside
  }
}

export type Freshness = ReturnType<typeof createFreshness>
