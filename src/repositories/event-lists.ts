import { type Kysely, sql, type Transaction } from 'kysely'
import type { AuditEntry } from '../../schemas/audit.ts'
import type { Database } from '../database/tables.ts'
import type { ActorKind, EventPosition, SecurityEventName } from './security-events.ts'

/** Rows that are read for one page at most. */
const mostRead = 5_000

export interface EventListOptions {
  event?: string | undefined
  /** Of the user concerned. */
  userId?: string | undefined
  actor?: ActorKind | undefined
  limit: number
  after?: EventPosition | undefined
}

export interface ListedEvents {
  items: AuditEntry[]
  /** Undefined on the last page. A page that is not full may have a next one. */
  next: EventPosition | undefined
}

type Counted = Record<'sign_ups' | 'sign_ins' | 'failures' | 'throttled', number>

/** Which events a chart counts. */
const counted: Record<keyof Counted, readonly SecurityEventName[]> = {
  sign_ups: ['register'],
  sign_ins: ['login'],
  failures: ['login.failed', 'second_factor.failed', 'passkey.failed', 'password.failed'],
  throttled: ['login.throttled', 'second_factor.throttled', 'password.throttled']
}

/** All events, for operators. */
export function eventLists(db: Kysely<Database> | Transaction<Database>, most = mostRead) {
  return {
    /** Events that match, newest first. */
    async list({ event, userId, actor, limit, after }: EventListOptions): Promise<ListedEvents> {
      const matches = sql.join(
        [
          sql`true`,
          ...(event === undefined ? [] : [sql`event = ${event}`]),
          ...(actor === undefined ? [] : [sql`actor = ${actor}`])
        ],
        sql` and `
      )
      const later = after ? sql`(at, id) < (${after.at}::timestamptz, ${after.id}::uuid)` : sql`true`
      const slice = event === undefined && actor === undefined ? limit + 1 : most
      const { rows } = await sql<AuditEntry & { place: number; matches: boolean }>`
        select * from (
          select id, at, event, actor, actor_id, user_id, session_id, address as ip, user_agent, request_id, reason, times,
            (row_number() over (order by at desc, id desc))::int as place, coalesce(${matches}, false) as matches
          from security_events
          where ${userId === undefined ? sql`true` : sql`user_id = ${userId}`} and ${later}
          order by at desc, id desc limit ${slice}
        ) as slice where matches or place = ${slice} order by place limit ${limit + 2}`.execute(db)
      const found = rows.filter(({ matches }) => matches).map(({ place, matches, ...event }) => event)
      const items = found.slice(0, limit)
      const last = found.length > limit ? items.at(-1) : rows.find(({ place }) => place === slice)
      return { items, next: last && { at: last.at, id: last.id } }
    },

    /** How often what a chart shows happened on a day (`2026-11-27`, UTC). */
    async countDay(day: string): Promise<Counted> {
      const columns = Object.entries(counted).map(
        ([name, events]) =>
          sql`coalesce(sum(times) filter (where event = any(${[...events]}::text[])), 0)::float8 as ${sql.ref(name)}`
      )
      const start = sql`(${day} || ' 00:00:00+00')::timestamptz`
      const { rows } = await sql<Counted>`select ${sql.join(columns)} from security_events
        where at >= ${start} and at < ${start} + interval '1 day'`.execute(db)
      return rows[0] as Counted
    }
  }
}

export type EventLists = ReturnType<typeof eventLists>
