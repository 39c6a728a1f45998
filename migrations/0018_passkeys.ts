import { type Kysely, sql } from 'kysely'

/** Passkeys (WebAuthn credentials), and the challenges that were used. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('passkeys')
    .addColumn('id', 'uuid', (column) => column.primaryKey())
    .addColumn('user_id', 'uuid', (column) => column.notNull())
    // Base64url. The authenticator chooses it.
    .addColumn('credential_id', 'text', (column) => column.notNull())
    // COSE.
    .addColumn('public_key', 'bytea', (column) => column.notNull())
    // 32 bits without a sign; 0 where the authenticator does not count.
    .addColumn('sign_count', 'bigint', (column) => column.notNull())
    .addColumn('transports', sql`text[]`, (column) => column.notNull())
    .addColumn('backup_eligible', 'boolean', (column) => column.notNull())
    .addColumn('backed_up', 'boolean', (column) => column.notNull())
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('created_at', 'timestamptz(3)', (column) => column.notNull().defaultTo(sql`now()`))
    .addColumn('last_used_at', 'timestamptz(3)')
    .addForeignKeyConstraint('passkeys_user', ['user_id'], 'users', ['id'], (key) => key.onDelete('cascade'))
    .execute()
  await db.schema.createIndex('passkeys_by_user').on('passkeys').column('user_id').execute()
  await db.schema.createIndex('passkeys_by_credential').unique().on('passkeys').column('credential_id').execute()

  await db.schema
    .createTable('used_passkey_challenges')
    // SHA-256.
    .addColumn('hash', 'bytea', (column) => column.primaryKey())
    .addColumn('expires_at', 'timestamptz', (column) => column.notNull())
    .execute()
  await db.schema
    .createIndex('used_passkey_challenges_by_expiry')
    .on('used_passkey_challenges')
    .column('expires_at')
    .execute()
}

export async function down(db: Kysely<unknown>): Promise<void> {
  for (const table of ['used_passkey_challenges', 'passkeys']) await db.schema.dropTable(table).execute()
}
