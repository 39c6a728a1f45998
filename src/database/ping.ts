import { type Kysely, sql } from 'kysely'
import type { Database } from './tables.ts'

/** Asks the database for a sign of life: one question at a time, however many want to know. Rejects when it gives none. */
export function createPing(db: Kysely<Database>): () => Promise<void> {
  let asking: Promise<unknown> | undefined
  return async () => {
    asking ??= sql`select 1`.execute(db).finally(() => {
      asking = undefined
    })
    await asking
  }
}
