import { type Kysely, sql } from 'kysely'

export const accepted = { 'create index': 'built by hand before the release where the table is large' }

/**
 * The events of one kind of a user (src/repositories/security-events.ts). User and kind are one value, because PostgreSQL expects
 * one row of most users, and then may read all events of the user in `security_events_by_user_time` instead.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`create index if not exists security_events_by_kind
    on security_events ((user_id::text || ' ' || event), address, at)`.execute(db)
  await db.schema.dropIndex('security_events_by_user').execute()
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createIndex('security_events_by_user')
    .on('security_events')
    .columns(['user_id', 'event', 'address', 'at'])
    .execute()
  await db.schema.dropIndex('security_events_by_kind').execute()
}
