import { type Kysely, sql } from 'kysely'

const endOfToken = (db: Kysely<unknown>, columns: ReturnType<typeof sql>, kind: ReturnType<typeof sql>) =>
  sql`
    create or replace function revoke_personal_token() returns trigger language plpgsql set search_path from current as $$
    begin
      if old.expires_at > now() then
        insert into revocations (${columns})
        values (old.id, 4294967295, least(old.expires_at, now() + interval '1 day')${kind});
      end if;
      return null;
    end $$`.execute(db)

/**
 * What was revoked, for readers of the feed. Null: a session if its cutoff covers every token, otherwise a user of another
 * issuer. Rows of earlier releases have no kind.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema.alterTable('revocations').addColumn('kind', 'text').execute()
  await endOfToken(db, sql`key, cutoff, expires_at, kind`, sql`, 'personal_token'`)
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await endOfToken(db, sql`key, cutoff, expires_at`, sql``)
  await db.schema.alterTable('revocations').dropColumn('kind').execute()
}
