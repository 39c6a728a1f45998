import { type Kysely, sql } from 'kysely'

export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('users')
    .addColumn('id', 'uuid', (column) => column.primaryKey())
    .addColumn('issuer', 'text')
    .addColumn('subject', 'text')
    .addColumn('email', 'text', (column) => column.notNull())
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('password_hash', 'text')
    .addColumn('is_active', 'boolean', (column) => column.notNull().defaultTo(true))
    .addColumn('created_at', 'timestamptz(3)', (column) => column.notNull().defaultTo(sql`now()`))
    .addColumn('updated_at', 'timestamptz(3)', (column) => column.notNull().defaultTo(sql`now()`))
    .addCheckConstraint('users_email_normal', sql`email = lower(email) and length(email) <= 254`)
    .addCheckConstraint('users_issuer_and_subject', sql`(issuer is null) = (subject is null)`)
    .addCheckConstraint('users_password_or_issuer', sql`(issuer is null) = (password_hash is not null)`)
    .execute()
  await db.schema
    .createIndex('users_email')
    .unique()
    .on('users')
    .column('email')
    .where(sql.ref('issuer'), 'is', null)
    .execute()
  await db.schema.createIndex('users_issuer_subject').unique().on('users').columns(['issuer', 'subject']).execute()
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await db.schema.dropTable('users').execute()
}
