import { type Kysely, sql } from 'kysely'

export const accepted = { 'create index': 'built by hand before the release where the table is large' }

/** The events of a user, newest first (src/repositories/security-events.ts). */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`create index if not exists security_events_by_user_time on security_events (user_id, at, id)`.execute(db)
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await db.schema.dropIndex('security_events_by_user_time').execute()
}
