import { type Kysely, sql, type Transaction } from 'kysely'
import type { Database } from '../database/tables.ts'

/** Rows per statement, so that no statement takes long. */
const batch = 10_000

const tooOld = sql<string>`now() - interval '24 hours'`

export interface Claim {
  userId: string
  key: string
  /** SHA-256 of the request. */
  fingerprint: Buffer
}

/**
 * Begins a statement that writes only for the first request under a key, for which `claimed` has one row. Key and write are one
 * statement, so a crash cannot separate them. A concurrent request does not get the lock.
 */
export const claiming = (
  db: Kysely<Database> | Transaction<Database>,
  { userId, key, fingerprint }: Claim,
  resourceId: string
) =>
  db
    .with('turn', (db) =>
      db.selectNoFrom(
        sql<boolean>`pg_try_advisory_xact_lock(hashtextextended(${`idempotency ${userId} ${key}`}, 0))`.as('ours')
      )
    )
    .with('claimed', (db) =>
      db
        .insertInto('idempotency_keys')
        .columns(['user_id', 'key', 'fingerprint', 'resource_id'])
        .expression((eb) =>
          eb
            .selectFrom('turn')
            .where('turn.ours', '=', true)
            .select([
              sql<string>`${userId}::uuid`.as('user_id'),
              sql<string>`${key}::text`.as('key'),
              sql<Buffer>`${fingerprint}::bytea`.as('fingerprint'),
              sql<string>`${resourceId}::uuid`.as('resource_id')
            ])
        )
        .onConflict((conflict) =>
          conflict
            .columns(['user_id', 'key'])
            .doUpdateSet((eb) => ({
              fingerprint: eb.ref('excluded.fingerprint'),
              resource_id: eb.ref('excluded.resource_id'),
              created_at: sql<string>`now()`
            }))
            .where('idempotency_keys.created_at', '<=', tooOld)
        )
        .returning(['user_id', 'resource_id'])
    )

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
