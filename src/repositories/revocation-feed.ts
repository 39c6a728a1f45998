import { type Kysely, sql } from 'kysely'
import type { Database } from '../database/tables.ts'
import type { Revocation } from './revocations.ts'

/**
 * Where a reader is: it has everything that is visible in the snapshot `seen`, and of the rest that is visible in `until` what has
 * an id up to `id`. Without `seen` it began with nothing. Snapshots are PostgreSQL's `pg_snapshot`, as text.
 */
export interface FeedPosition {
  seen?: string | undefined
  until?: string | undefined
  id?: string | undefined
}

export interface FeedRow extends Revocation {
  /** Null: a session if the cutoff covers every token, otherwise a user of another issuer. */
  kind: 'personal_token' | 'signing_key' | null
}

/**
 * All SQL of the feed of revocations. A snapshot tells exactly which transactions a reader has seen, so that none is skipped because
 * it committed later than one with a higher id, and none is repeated.
 */
export function revocationFeedRepository(db: Kysely<Database>) {
  const snapshot = sql<string>`pg_current_snapshot()::text`.as('snapshot')

  return {
    async snapshot(): Promise<string> {
      const { snapshot: now } = await db.selectNoFrom(snapshot).executeTakeFirstOrThrow()
      return now
    },

    /** Live revocations between two snapshots, by id. */
    between(
      seen: string | undefined,
      until: string,
      after: string,
      limit: number
    ): Promise<(FeedRow & { id: string })[]> {
      const rows = db
        .selectFrom('revocations')
        .select([
          sql<string>`id::text`.as('id'),
          'key',
          'kind',
          sql<number>`cutoff::float8`.as('cutoff'),
          sql<number>`ceil(extract(epoch from expires_at))::float8`.as('expires')
        ])
        .where('expires_at', '>', sql<string>`now()`)
        .where('id', '>', after)
        .where(sql<boolean>`pg_visible_in_snapshot(xid, ${until}::pg_snapshot)`)
        .orderBy('revocations.id')
        .limit(limit)
      if (seen === undefined) return rows.execute()
      return (
        rows
          // The index.
          .where('xid', '>=', sql<string>`pg_snapshot_xmin(${seen}::pg_snapshot)`)
          .where(sql<boolean>`not pg_visible_in_snapshot(xid, ${seen}::pg_snapshot)`)
          .execute()
      )
    }
  }
}

export type RevocationFeedRepository = ReturnType<typeof revocationFeedRepository>
