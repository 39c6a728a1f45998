import { type Kysely, sql } from 'kysely'
import type { Database } from './tables.ts'

/** Returns a function that checks whether the database answers. Concurrent callers share one query. */
export function createPing(db: Kysely<Database>): () => Promise<void> {
  let asking: Promise<unknown> | undefined
  return async () => {
    asking ??= sql`select 1`.execute(db).finally(() => {
      asking = undefined
    })
    await asking
  }
}
