import { type Kysely, sql } from 'kysely'

/** TOTP, recovery codes, and challenges: logins whose password was right, and which wait for a second factor. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('totp_factors')
    .addColumn('user_id', 'uuid', (column) => column.primaryKey())
    // Encrypted (src/auth/sealing.ts).
    .addColumn('secret', 'bytea', (column) => column.notNull())
    // Of the latest code that was used (RFC 6238, section 5.2).
    .addColumn('last_step', 'bigint', (column) => column.notNull().defaultTo(0))
    // When a secret without a first code expires. Null: it is on.
    .addColumn('expires_at', 'timestamptz')
    .addForeignKeyConstraint('totp_factors_user', ['user_id'], 'users', ['id'], (key) => key.onDelete('cascade'))
    .execute()
  await db.schema
    .createIndex('totp_factors_by_expiry')
    .on('totp_factors')
    .column('expires_at')
    .where(sql.ref('expires_at'), 'is not', null)
    .execute()

  await db.schema
    .createTable('recovery_codes')
    .addColumn('user_id', 'uuid', (column) => column.notNull())
    // SHA-256.
    .addColumn('hash', 'bytea', (column) => column.notNull())
    .addPrimaryKeyConstraint('recovery_codes_pkey', ['user_id', 'hash'])
    .addForeignKeyConstraint('recovery_codes_user', ['user_id'], 'users', ['id'], (key) => key.onDelete('cascade'))
    .execute()

  await db.schema
    .createTable('login_challenges')
    // SHA-256 of the challenge.
    .addColumn('hash', 'bytea', (column) => column.primaryKey())
    .addColumn('user_id', 'uuid', (column) => column.notNull())
    .addColumn('tries', 'integer', (column) => column.notNull().defaultTo(0))
    .addColumn('expires_at', 'timestamptz', (column) => column.notNull())
    .addForeignKeyConstraint('login_challenges_user', ['user_id'], 'users', ['id'], (key) => key.onDelete('cascade'))
    .execute()
  await db.schema.createIndex('login_challenges_by_user').on('login_challenges').column('user_id').execute()
  await db.schema.createIndex('login_challenges_by_expiry').on('login_challenges').column('expires_at').execute()

  await sql`
    create function end_challenges() returns trigger language plpgsql set search_path from current as $$
    begin
      delete from login_challenges where user_id = new.id;
      return null;
    end $$`.execute(db)
  await sql`
    create trigger end_challenges after update of is_active on users for each row
    when (old.is_active and not new.is_active) execute function end_challenges()`.execute(db)
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await sql`drop trigger end_challenges on users`.execute(db)
  await sql`drop function end_challenges`.execute(db)
  for (const table of ['login_challenges', 'recovery_codes', 'totp_factors']) await db.schema.dropTable(table).execute()
}
