import { type Kysely, sql } from 'kysely'

/** The outbox, and the tokens that mails carry. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .alterTable('users')
    .addColumn('email_verified', 'boolean', (column) => column.notNull().defaultTo(false))
    .execute()

  await db.schema
    .createTable('mails')
    .addColumn('id', 'uuid', (column) => column.primaryKey())
    .addColumn('kind', 'text', (column) => column.notNull())
    .addColumn('recipient', 'text', (column) => column.notNull())
    // Null until the sender has looked up whose address it is.
    .addColumn('user_id', 'uuid')
    .addColumn('language', 'text', (column) => column.notNull())
    // The origin of the request that caused the mail.
    .addColumn('address', 'text')
    .addColumn('user_agent', 'text')
    // 256 random bits, from which the token of the mail is derived.
    .addColumn('seed', 'bytea', (column) => column.notNull())
    .addColumn('created_at', 'timestamptz', (column) => column.notNull().defaultTo(sql`now()`))
    // When it may be claimed: a claim moves it to the end of the lease.
    .addColumn('next_at', 'timestamptz', (column) => column.notNull().defaultTo(sql`now()`))
    .addColumn('attempts', 'integer', (column) => column.notNull().defaultTo(0))
    .addColumn('done_at', 'timestamptz')
    .addColumn('outcome', 'text')
    .addColumn('error', 'text')
    .addForeignKeyConstraint('mails_user', ['user_id'], 'users', ['id'], (key) => key.onDelete('cascade'))
    .execute()
  const indexes = [
    ['mails_due', 'next_at', sql.ref('done_at'), 'is'],
    ['mails_waiting', 'created_at', sql.ref('done_at'), 'is'],
    ['mails_done', 'done_at', sql.ref('done_at'), 'is not'],
    ['mails_by_user', 'user_id', sql.ref('user_id'), 'is not']
  ] as const
  for (const [name, column, condition, operator] of indexes)
    await db.schema.createIndex(name).on('mails').column(column).where(condition, operator, null).execute()
  // For budgets, without mails that were dropped, which a stranger can cause without end.
  await db.schema
    .createIndex('mails_by_recipient')
    .on('mails')
    .columns(['recipient', 'created_at'])
    .where(sql.ref('outcome'), 'is distinct from', sql.lit('dropped'))
    .execute()

  await db.schema
    .createTable('mail_tokens')
    .addColumn('purpose', 'text', (column) => column.notNull())
    // The address: one token of each purpose.
    .addColumn('subject', 'text', (column) => column.notNull())
    .addColumn('mail_id', 'uuid', (column) => column.notNull())
    .addColumn('email', 'text', (column) => column.notNull())
    // Null for an address that nobody has.
    .addColumn('user_id', 'uuid')
    // SHA-256 of the token, and a keyed hash of the code.
    .addColumn('hash', 'bytea', (column) => column.notNull())
    .addColumn('code_hash', 'bytea', (column) => column.notNull())
    .addColumn('tries', 'integer', (column) => column.notNull().defaultTo(0))
    .addColumn('expires_at', 'timestamptz', (column) => column.notNull())
    .addColumn('used_at', 'timestamptz')
    .addPrimaryKeyConstraint('mail_tokens_pkey', ['purpose', 'subject'])
    .addForeignKeyConstraint('mail_tokens_user', ['user_id'], 'users', ['id'], (key) => key.onDelete('cascade'))
    .execute()
  await db.schema.createIndex('mail_tokens_by_hash').unique().on('mail_tokens').column('hash').execute()
  await db.schema.createIndex('mail_tokens_by_user').on('mail_tokens').column('user_id').execute()
  await db.schema.createIndex('mail_tokens_by_expiry').on('mail_tokens').column('expires_at').execute()
}

export async function down(db: Kysely<unknown>): Promise<void> {
  for (const table of ['mail_tokens', 'mails']) await db.schema.dropTable(table).execute()
  await db.schema.alterTable('users').dropColumn('email_verified').execute()
}
