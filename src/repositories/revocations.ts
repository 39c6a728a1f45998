import { type Kysely, sql } from 'kysely'
import type { Database } from '../database/tables.ts'

export interface Revocation {
  key: string
  /** Seconds since 1970. Tokens issued up to then are refused. */
  cutoff: number
  expires: number
}

/** Rows, and the horizon from which to read next: the oldest transaction that was still open. 64 bits, as text. */
export interface Revocations {
  horizon: string
  rows: Revocation[]
}

/** All SQL on revocations, except triggers, which write most of them. `batch`: rows per query. */
export function revocationsRepository(db: Kysely<Database>, batch = 50_000) {
  const columns = [
    'id',
    'key',
    sql<number>`cutoff::float8`.as('cutoff'),
    sql<number>`ceil(extract(epoch from expires_at))::float8`.as('expires')
  ] as const
  const xmin = sql<string>`pg_snapshot_xmin(pg_current_snapshot())::text`.as('horizon')
  const live = () => db.selectFrom('revocations').select(columns).where('expires_at', '>', sql<string>`now()`)

  async function readHorizon(): Promise<string> {
    const { horizon } = await db.selectNoFrom(xmin).executeTakeFirstOrThrow()
    return horizon
  }

  return {
    /** Reads all live revocations in batches. Returns the horizon from before the first query. */
    async readAll(take: (rows: Revocation[]) => void): Promise<string> {
      const start = await readHorizon()
      for (let after: string | undefined = '0'; after !== undefined; ) {
        const rows: (Revocation & { id: string })[] = await live()
          .where('id', '>', after)
          .orderBy('id')
          .limit(batch)
          .execute()
        take(rows)
        after = rows[batch - 1]?.id
      }
      return start
    },

    /** Reads revocations committed since a horizon, possibly with some earlier ones. */
    async readSince(before: string): Promise<Revocations> {
      const start = await readHorizon()
      const rows = await live().where('xid', '>=', sql<string>`${before}::xid8`).execute()
      return { horizon: start, rows }
    },

    insert: ({ key, cutoff, expires }: Revocation) =>
      db
        .insertInto('revocations')
        .values({ key, cutoff, expires_at: sql<string>`to_timestamp(${expires})` })
        .execute(),

    removeExpired: () => db.deleteFrom('revocations').where('expires_at', '<=', sql<string>`now()`).execute()
  }
}

export type RevocationsRepository = ReturnType<typeof revocationsRepository>
