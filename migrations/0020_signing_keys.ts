import { type Kysely, sql } from 'kysely'

/** Keys that sign access tokens, and until when tokens of the shared secret are accepted beside them. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('signing_keys')
    .addColumn('kid', 'uuid', (column) => column.primaryKey())
    .addColumn('algorithm', 'text', (column) => column.notNull().check(sql`algorithm in ('EdDSA', 'ES256')`))
    // PKCS #8, encrypted (src/auth/sealing.ts).
    .addColumn('private_key', 'bytea', (column) => column.notNull())
    .addColumn('created_at', 'timestamptz', (column) => column.notNull().defaultTo(sql`clock_timestamp()`))
    .addColumn('signs_from', 'timestamptz')
    // From then on it signs nothing more, but its tokens are accepted until they expire.
    .addColumn('retires_at', 'timestamptz')
    // From then on its tokens are refused.
    .addColumn('refused_at', 'timestamptz')
    // Seconds: the longest lifetime of a token that it may have signed.
    .addColumn('longest_life', 'integer', (column) => column.notNull())
    // The database enforces that every cache knows a key before it signs.
    .addCheckConstraint('signing_keys_published', sql`signs_from >= created_at + interval '10 minutes'`)
    .execute()
  await db.schema
    .createTable('shared_secret_use')
    .addColumn('id', 'boolean', (column) => column.primaryKey().defaultTo(true).check(sql`id`))
    .addColumn('accepted_until', 'timestamptz', (column) => column.notNull())
    .execute()

  await sql`
    create function announce_signing_keys() returns trigger language plpgsql as $$
    begin
      perform pg_notify('gatehouse_revocations' ||
        case tg_table_schema when 'public' then '' else '_' || md5(tg_table_schema) end, 'keys');
      return null;
    end $$`.execute(db)
  for (const table of ['signing_keys', 'shared_secret_use'])
    await sql`
      create trigger announce after insert or update or delete on ${sql.table(table)}
      for each row execute function announce_signing_keys()`.execute(db)
}

export async function down(db: Kysely<unknown>): Promise<void> {
  for (const table of ['signing_keys', 'shared_secret_use']) await db.schema.dropTable(table).execute()
  await sql`drop function announce_signing_keys`.execute(db)
}
