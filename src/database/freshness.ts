import { setTimeout as sleep } from 'node:timers/promises'
import { type Kysely, sql } from 'kysely'
import { singleFlight } from '../util/single-flight.ts'
import { withTimeout } from '../util/with-timeout.ts'
import type { Database } from './tables.ts'

const catchUpTimeout = 100
const restTime = 250
const pollInterval = 1

/** A position in the write-ahead log (WAL). Each failover begins a new timeline. */
export interface Position {
  lsn: string
  timeline: number
}

/** The position of the last acknowledged write: flushed WAL, or inserted WAL with `synchronous_commit` off. */
export async function positionOf(primary: Kysely<Database>): Promise<Position> {
  const { rows } = await sql<Position>`
    select (case current_setting('synchronous_commit') when 'off' then pg_current_wal_insert_lsn()
      else pg_current_wal_flush_lsn() end)::text as lsn,
      ('x' || left(pg_walfile_name(pg_current_wal_insert_lsn()), 8))::bit(32)::int as timeline`.execute(primary)
  return rows[0] as Position
}

/** Whether a replica has replayed a position. After a failover false until its next restart point, which takes minutes. */
export async function hasReached(replica: Kysely<Database>, { lsn, timeline }: Position): Promise<boolean> {
  const { rows } = await sql<{ reached: boolean }>`
    select pg_is_in_recovery() and pg_last_wal_replay_lsn() >= ${lsn}::pg_lsn
      and (select timeline_id from pg_control_checkpoint()) = ${timeline} as reached`.execute(replica)
  return rows[0]?.reached === true
}

interface Sources {
  position: () => Promise<Position>
  hasReached: (position: Position) => Promise<boolean>
  elapsed?: () => number
  /** Milliseconds that a replica has to catch up. */
  timeout?: number
}

/** Tells whether a replica shows every write that was acknowledged before the question (the "read index" of Raft). */
export function createFreshness({
  position,
  hasReached,
  elapsed = () => performance.now(),
  timeout = catchUpTimeout
}: Sources) {
  let restingUntil = Number.NEGATIVE_INFINITY
  let fresh = false

  async function compare(deadline: number): Promise<boolean> {
    const target = await position()
    while (!(await hasReached(target))) {
      if (elapsed() >= deadline) return false
      await sleep(pollInterval)
    }
    return true
  }

  function setAside(): void {
    restingUntil = elapsed() + restTime
  }

  const check = singleFlight(async () => {
    fresh = await withTimeout(timeout, compare(elapsed() + timeout)).catch(() => false)
    if (!fresh) setAside()
  })

  return {
    /** Never rejects: an error or a timeout counts as not fresh. */
    async isFresh(): Promise<boolean> {
      if (elapsed() < restingUntil) return false
      await check()
      return fresh
    },
    setAside
  }
}

export type Freshness = ReturnType<typeof createFreshness>
