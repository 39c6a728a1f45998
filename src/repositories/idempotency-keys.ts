import { type Kysely, type RawBuilder, sql, type Transaction } from 'kysely'
import type { Database } from '../database/tables.ts'
import { newId } from '../util/ids.ts'

/** Rows per statement, so that no statement takes long. */
const batch = 10_000

const tooOld = sql<string>`now() - interval '24 hours'`

export interface Claim {
  userId: string
  key: string
  /** SHA-256 of the request. */
  fingerprint: Buffer
}

interface Insertion {
  into: string
  /** By column, besides `id` and `user_id`. */
  values: Record<string, unknown>
  returning: readonly string[]
  /** A condition without which nothing is written. */
  when?: RawBuilder<boolean>
}

/** A value in JSON, with bytes as PostgreSQL reads them there. */
const bytesIn = (value: unknown) => (value instanceof Uint8Array ? `\\x${Buffer.from(value).toString('hex')}` : value)

/**
 * Inserts a row for the first request under a key, and returns undefined for all others. Key and row are one statement, so a
 * crash cannot separate them. A concurrent request does not get the lock.
 */
export async function insertOnce<Row extends object>(
  db: Kysely<Database> | Transaction<Database>,
  { userId, key, fingerprint }: Claim,
  { into, values, returning, when = sql<boolean>`true` }: Insertion
): Promise<Row | undefined> {
  const names = Object.keys(values)
  const bytes = Object.fromEntries(names.map((name) => [name, bytesIn(values[name])]))
  const columns = (prefix: string) => names.map((name) => sql`, ${sql.ref(`${prefix}${name}`)}`)
  const { rows } = await sql<Row>`
    with turn as (
      select pg_try_advisory_xact_lock(hashtextextended(${`idempotency ${userId} ${key}`}, 0)) as ours
    ), claimed as (
      insert into idempotency_keys as known (user_id, key, fingerprint, resource_id)
      select ${userId}::uuid, ${key}::text, ${fingerprint}::bytea, ${newId()}::uuid from turn where ours and ${when}
      on conflict (user_id, key) do update
      set fingerprint = excluded.fingerprint, resource_id = excluded.resource_id, created_at = now()
      where known.created_at <= ${tooOld}
      returning user_id, resource_id
    )
    insert into ${sql.table(into)} (id, user_id${sql.join(columns(''), sql``)})
    select claimed.resource_id, claimed.user_id${sql.join(columns('given.'), sql``)}
    from claimed, jsonb_populate_record(null::${sql.table(into)}, ${JSON.stringify(bytes)}::jsonb) as given
    returning ${sql.join(returning.map((name) => sql.ref(name)))}`.execute(db)
  return rows[0]
}

export function idempotencyKeysRepository(db: Kysely<Database>) {
  return {
    find: ({ userId, key, fingerprint }: Claim) =>
      db
        .selectFrom('idempotency_keys')
        .select((eb) => ['resource_id as id', 'created_at', eb('fingerprint', '=', fingerprint).as('isSame')])
        .where('user_id', '=', userId)
        .where('key', '=', key)
        .where('created_at', '>', tooOld)
        .executeTakeFirst(),

    /** Concurrent processes share the work. */
    async removeExpired(limit = batch): Promise<void> {
      const old = db
        .selectFrom('idempotency_keys')
        .select(['user_id', 'key'])
        .where('created_at', '<=', tooOld)
        .orderBy('created_at')
        .limit(limit)
        .forUpdate()
        .skipLocked()
      let gone: number
      do {
        const { numDeletedRows } = await db
          .deleteFrom('idempotency_keys')
          .where((eb) => eb(eb.refTuple('user_id', 'key'), 'in', old.$asTuple('user_id', 'key')))
          .executeTakeFirst()
        gone = Number(numDeletedRows)
      } while (gone === limit)
    }
  }
}
