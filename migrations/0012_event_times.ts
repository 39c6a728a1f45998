import type { Kysely } from 'kysely'

/** The number of events that a row represents. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .alterTable('security_events')
    .addColumn('times', 'integer', (column) => column.notNull().defaultTo(1))
    .execute()
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await db.schema.alterTable('security_events').dropColumn('times').execute()
}
