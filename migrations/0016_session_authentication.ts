import { type Kysely, sql } from 'kysely'

/** When and how the user of a session proved who they are. Unknown for sessions that exist, which cannot step up by it. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .alterTable('sessions')
    .addColumn('auth_time', 'timestamptz(0)')
    .addColumn('amr', sql`text[]`)
    .execute()
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await db.schema.alterTable('sessions').dropColumn('amr').dropColumn('auth_time').execute()
}
