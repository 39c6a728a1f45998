import { type Kysely, sql } from 'kysely'

/**
 * Personal access tokens. Triggers end them with their user's account, and tell every process, so that no code path can
 * forget it. Processes remember a token for an hour, so a revocation is kept for a day only.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('personal_tokens')
    .addColumn('id', 'uuid', (column) => column.primaryKey())
    .addColumn('user_id', 'uuid', (column) => column.notNull())
    // SHA-256.
    .addColumn('hash', 'bytea', (column) => column.notNull())
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('scopes', sql`text[]`, (column) => column.notNull())
    .addColumn('created_at', 'timestamptz(3)', (column) => column.notNull().defaultTo(sql`now()`))
    .addColumn('expires_at', 'timestamptz(3)', (column) => column.notNull())
    .addColumn('last_used_at', 'timestamptz(3)')
    .addForeignKeyConstraint('personal_tokens_user', ['user_id'], 'users', ['id'], (key) => key.onDelete('cascade'))
    .execute()
  await db.schema.createIndex('personal_tokens_by_user').on('personal_tokens').column('user_id').execute()
  await db.schema.createIndex('personal_tokens_by_hash').unique().on('personal_tokens').column('hash').execute()
  await db.schema.createIndex('personal_tokens_by_expiry').on('personal_tokens').column('expires_at').execute()

  await sql`
    create function revoke_personal_token() returns trigger language plpgsql set search_path from current as $$
    begin
      if old.expires_at > now() then
        insert into revocations (key, cutoff, expires_at)
        values (old.id, 4294967295, least(old.expires_at, now() + interval '1 day'));
      end if;
      return null;
    end $$`.execute(db)
  await sql`
    create trigger revoke after delete on personal_tokens for each row execute function revoke_personal_token()`.execute(
    db
  )

  await sql`
    create function end_personal_tokens() returns trigger language plpgsql set search_path from current as $$
    begin
      delete from personal_tokens
      where id = any(array(select id from personal_tokens where user_id = old.id order by id for update));
      return null;
    end $$`.execute(db)
  await sql`
    create trigger end_personal_tokens after update of is_active on users for each row
    when (old.is_active and not new.is_active) execute function end_personal_tokens()`.execute(db)

  await sql`
    create function end_admin_tokens() returns trigger language plpgsql set search_path from current as $$
    begin
      delete from personal_tokens where id = any(array(
        select id from personal_tokens where user_id = old.id and 'revocations:read' = any(scopes) order by id for update));
      return null;
    end $$`.execute(db)
  await sql`
    create trigger end_admin_tokens after update of role on users for each row
    when (old.role = 'admin' and new.role <> 'admin') execute function end_admin_tokens()`.execute(db)
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await sql`drop trigger end_admin_tokens on users`.execute(db)
  await sql`drop trigger end_personal_tokens on users`.execute(db)
  await db.schema.dropTable('personal_tokens').execute()
  await sql`drop function revoke_personal_token, end_personal_tokens, end_admin_tokens`.execute(db)
}
