import { type Kysely, sql, type Transaction } from 'kysely'
import type { Database } from '../database/tables.ts'
import type { EventPosition } from './security-events.ts'

/** What the chain protects of an event. Nothing of it identifies a person without the table of users. */
export interface ChainedEvent {
  id: string
  at: string
  event: string
  actor: string | null
  actor_id: string | null
  user_id: string | null
  session_id: string | null
  times: number
  client_commitment: Buffer | null
  reason_commitment: Buffer | null
}

/** A place in the chain. */
export interface Link {
  position: number
  hash: Buffer
}

/** Before the first event. */
export const origin: Link = { position: 0, hash: Buffer.alloc(32) }

/** An event with what is stored beside the chain. */
export interface AuditEvent extends ChainedEvent, Link {
  address: string | null
  user_agent: string | null
  request_id: string | null
  client_salt: Buffer | null
  reason: string | null
  reason_salt: Buffer | null
}

export interface Unsealed
  extends Omit<
    AuditEvent,
    'position' | 'hash' | 'client_salt' | 'client_commitment' | 'reason_salt' | 'reason_commitment'
  > {
  /** Whether its user was deleted, so that the client of the event is to be erased. */
  is_user_gone: boolean
}

/** What sealing adds to an event. */
export interface Seal extends Link {
  id: string
  client_salt: Buffer | null
  client_commitment: Buffer | null
  reason_salt: Buffer | null
  reason_commitment: Buffer | null
}

const content = [
  ...(['id', 'at', 'event', 'actor', 'actor_id', 'user_id', 'session_id', 'times'] as const),
  ...(['address', 'user_agent', 'request_id', 'reason'] as const)
] as const
const sealed = ['client_salt', 'client_commitment', 'reason_salt', 'reason_commitment'] as const

/** Exact up to 2 ** 53; pg would return text. The embedded database returns plain bytes, so each hash becomes a Buffer. */
const place = sql<number>`position::float8`.as('position')

const bytes = (value: Buffer | null) => (value === null ? null : value.toString('hex'))
const asJson = ({ id, position, ...binary }: Seal) => ({
  ...{ id, position },
  ...Object.fromEntries(Object.entries(binary).map(([name, value]) => [name, bytes(value)]))
})

const withoutClient = { address: null, user_agent: null, request_id: null, client_salt: null }
const withoutReason = { reason: null, reason_salt: null }

/** All SQL on the chain of events. `securityEventsRepository` reads the same table for users and logins. */
export function auditEventsRepository(db: Kysely<Database> | Transaction<Database>) {
  async function read(table: 'audit_start' | 'gatehouse_audit_head'): Promise<Link | undefined> {
    const link = await db.selectFrom(table).select([place, 'hash']).executeTakeFirst()
    return link && { ...link, hash: Buffer.from(link.hash) }
  }

  /** Where the chain starts: after the events that were pruned. */
  const start = async (): Promise<Link> => (await read('audit_start')) ?? origin

  return {
    start,

    /** The lowest position before the start of the chain, where no event belongs. One snapshot, because pruning moves the start. */
    async beforeStart(): Promise<number | undefined> {
      const found = await db
        .selectFrom('security_events')
        .select(place)
        .where('position', '<=', sql<number>`coalesce((select position from audit_start), 0)`)
        .orderBy('position')
        .limit(1)
        .executeTakeFirst()
      return found?.position
    },

    /** Whether this transaction is the only one that seals or prunes, until it ends. Never waits. */
    async claim(): Promise<boolean> {
      const { rows } = await sql<{ claimed: boolean }>`
        select pg_try_advisory_xact_lock(hashtext('gatehouse audit')) as claimed`.execute(db)
      return Boolean(rows[0]?.claimed)
    },

    /** Waits for those that seal or prune. */
    waitToClaim: () => sql`select pg_advisory_xact_lock(hashtext('gatehouse audit'))`.execute(db),

    /** The end of the chain, as a trigger keeps it: it does not move back when the last events are removed. */
    head: async (): Promise<Link> => (await read('gatehouse_audit_head')) ?? start(),

    /**
     * The oldest events without a position, after one that this process has just sealed: the index still has those before.
     * Those that are being erased are skipped, so that nothing waits.
     */
    unsealed(limit: number, after?: EventPosition): Promise<Unsealed[]> {
      const query = db
        .selectFrom('security_events')
        .select(content)
        .select((eb) =>
          eb
            .and([
              eb('user_id', 'is not', null),
              eb.not(eb.exists(eb.selectFrom('users').select('users.id').whereRef('users.id', '=', 'user_id')))
            ])
            .$castTo<boolean>()
            .as('is_user_gone')
        )
        .where('position', 'is', null)
        .orderBy('at')
        .orderBy('id')
        .limit(limit)
        .forUpdate('security_events')
        .skipLocked()
      if (!after) return query.execute()
      return query.where((eb) => eb(eb.refTuple('at', 'id'), '>', eb.tuple(after.at, after.id))).execute()
    },

    async seal(seals: Seal[]): Promise<void> {
      await sql`
        update security_events as event set
          position = seal.position, hash = decode(seal.hash, 'hex'),
          client_salt = decode(seal.client_salt, 'hex'), client_commitment = decode(seal.client_commitment, 'hex'),
          reason_salt = decode(seal.reason_salt, 'hex'), reason_commitment = decode(seal.reason_commitment, 'hex'),
          address = case when seal.client_salt is not null then event.address end,
          user_agent = case when seal.client_salt is not null then event.user_agent end,
          request_id = case when seal.client_salt is not null then event.request_id end
        from json_to_recordset(${JSON.stringify(seals.map(asJson))}::text::json) as seal
          (id uuid, position bigint, hash text, client_salt text, client_commitment text, reason_salt text, reason_commitment text)
        where event.id = seal.id`.execute(db)
    },

    /** How many events have no position, and when the oldest of them happened. */
    waiting: () =>
      db
        .selectFrom('security_events')
        .select([sql<number>`count(*)::int`.as('count'), sql<string | null>`min(at)`.as('oldest')])
        .where('position', 'is', null)
        .executeTakeFirstOrThrow(),

    /** Sealed events after a position, in the order of the chain. */
    async after(position: number, limit: number): Promise<AuditEvent[]> {
      const events = db
        .selectFrom('security_events')
        .select([...content, ...sealed, place, sql<Buffer>`hash`.as('hash')])
        .where('position', '>', position)
        .orderBy('position')
        .limit(limit)
      // Positions have no gaps, except where events were pruned or tampered with. The bound keeps PostgreSQL from sorting all
      // events for each page, as it does until the table is analyzed after many were sealed.
      const page = await events.where('position', '<=', position + limit).execute()
      const rows = page.length === limit ? page : await events.execute()
      return rows.map((row) => ({ ...row, hash: Buffer.from(row.hash) }))
    },

    /** How many events `prune` removes, and the last of them. */
    async prunable(before: string) {
      const kept = await db
        .selectFrom('security_events')
        .select(place)
        .where('position', 'is not', null)
        .where('at', '>=', sql<string>`${before}::timestamptz`)
        .orderBy('position')
        .limit(1)
        .executeTakeFirst()
      const { count, last } = await db
        .selectFrom('security_events')
        .select([sql<number>`count(*)::float8`.as('count'), sql<number | null>`max(position)::float8`.as('last')])
        .where('position', '<', sql<number>`coalesce(${kept?.position ?? null}::bigint, 9e18::bigint)`)
        .executeTakeFirstOrThrow()
      return { count, last }
    },

    /**
     * Removes up to `limit` of the oldest events, as long as they are older than `before`, and keeps where the chain starts
     * then. Returns how many. Needs a transaction.
     */
    async prune(before: string, limit: number): Promise<number> {
      const { rows } = await sql<Link & { count: number }>`
        with oldest as (
          select position, hash, at < ${before}::timestamptz as is_old from security_events
          where position is not null order by position limit ${limit}
        )
        select position::float8, hash, count(*) over ()::float8 as count from oldest
        where position < coalesce((select min(position) from oldest where not is_old), 9e18::bigint)
        order by oldest.position desc limit 1`.execute(db)
      const [last] = rows
      if (!last) return 0
      const { position, hash, count } = last
      await sql`set local gatehouse.pruning = on`.execute(db)
      await db
        .insertInto('audit_start')
        .values({ position, hash })
        .onConflict((conflict) => conflict.column('id').doUpdateSet({ position, hash }))
        .execute()
      await db.deleteFrom('security_events').where('position', '<=', position).execute()
      await sql`set local gatehouse.pruning = off`.execute(db)
      return count
    },

    /** Erases who and where from events that happened more than some seconds ago, in batches. Their hashes still verify. */
    async eraseClientsOlderThan(seconds: number, batch = 5_000): Promise<void> {
      let erased: number
      do {
        const { numUpdatedRows } = await db
          .updateTable('security_events')
          .set(withoutClient)
          .where((eb) =>
            eb(
              'id',
              '=',
              sql<string>`any(array${eb
                .selectFrom('security_events')
                .select('id')
                .where('client_salt', 'is not', null)
                .where('at', '<', sql<string>`now() - make_interval(secs => ${seconds})`)
                .orderBy('at')
                .limit(batch)
                .forUpdate()
                .skipLocked()})`
            )
          )
          .executeTakeFirstOrThrow()
        erased = Number(numUpdatedRows)
      } while (erased === batch)
    },

    /** Erases what identifies a person from the events of a user, and who and where from what the user did to others. */
    async eraseUser(userId: string): Promise<void> {
      await db
        .updateTable('security_events')
        .set({ ...withoutClient, ...withoutReason })
        .where('user_id', '=', userId)
        .where((eb) =>
          eb.or([eb('client_salt', 'is not', null), eb('reason_salt', 'is not', null), eb('position', 'is', null)])
        )
        .execute()
      await db
        .updateTable('security_events')
        .set(withoutClient)
        .where('actor_id', '=', userId)
        .where((eb) => eb.or([eb('client_salt', 'is not', null), eb('position', 'is', null)]))
        .execute()
    }
  }
}

export type AuditEventsRepository = ReturnType<typeof auditEventsRepository>
