import { type Kysely, sql } from 'kysely'

/** Accounts that wait for the confirmation of their address, with PRIVATE_SIGN_UP. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('sign_ups')
    // The mail that asks for the confirmation. No foreign key: it is deleted earlier.
    .addColumn('mail_id', 'uuid', (column) => column.primaryKey())
    .addColumn('email', 'text', (column) => column.notNull())
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('password_hash', 'text', (column) => column.notNull())
    .addColumn('created_at', 'timestamptz', (column) => column.notNull().defaultTo(sql`now()`))
    .execute()
  await db.schema.createIndex('sign_ups_by_time').on('sign_ups').column('created_at').execute()
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await db.schema.dropTable('sign_ups').execute()
}
