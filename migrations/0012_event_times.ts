import type { Kysely } from 'kysely'

/** How many events a row stands for. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .alterTable('security_events')
    .addColumn('times', 'integer', (column) => column.notNull().defaultTo(1))
    .execute()
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await db.schema.alterTable('security_events').dropColumn('times').execute()
}
