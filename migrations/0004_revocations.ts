import { type Kysely, sql } from 'kysely'

/**
 * Triggers revoke the tokens of an ended session (a logout, a cascade, an operator's SQL), and of another issuer's user
 * who is deactivated or deleted, so that no code path can forget it.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('revocations')
    .addColumn('id', 'bigint', (column) => column.primaryKey().generatedAlwaysAsIdentity())
    // The session's id, or the first half of the SHA-256 of issuer and subject.
    .addColumn('key', 'uuid', (column) => column.notNull())
    // Tokens issued up to this second are refused.
    .addColumn('cutoff', 'bigint', (column) => column.notNull())
    .addColumn('expires_at', 'timestamptz(3)', (column) => column.notNull())
    // Transactions commit in another order than they begin, so readers continue from the oldest open one.
    .addColumn('xid', sql`xid8`, (column) => column.notNull().defaultTo(sql`pg_current_xact_id()`))
    .execute()
  await db.schema.createIndex('revocations_by_xid').on('revocations').column('xid').execute()
  await db.schema.createIndex('revocations_by_expiry').on('revocations').column('expires_at').execute()

  await sql`
    create function announce_revocation() returns trigger language plpgsql as $$
    begin
      perform pg_notify('gatehouse_revocations',
        new.key || ' ' || new.cutoff || ' ' || ceil(extract(epoch from new.expires_at)));
      return null;
    end $$`.execute(db)
  await sql`
    create trigger announce after insert on revocations for each row execute function announce_revocation()`.execute(db)

  await sql`
    create function revoke_session() returns trigger language plpgsql as $$
    begin
      if old.access_expires_at > now() then
        insert into revocations (key, cutoff, expires_at) values (old.id, 4294967295, old.access_expires_at);
      end if;
      return null;
    end $$`.execute(db)
  await sql`create trigger revoke after delete on sessions for each row execute function revoke_session()`.execute(db)

  await sql`
    create function revoke_user() returns trigger language plpgsql as $$
    begin
      if old.issuer is null then
        delete from sessions where user_id = old.id;
      else
        insert into revocations (key, cutoff, expires_at) values (
          encode(substring(sha256(convert_to(old.issuer || E'\n' || old.subject, 'UTF8')) for 16), 'hex')::uuid,
          floor(extract(epoch from now())), now() + interval '8 days');
      end if;
      return null;
    end $$`.execute(db)
  await sql`create trigger revoke_deleted after delete on users for each row execute function revoke_user()`.execute(db)
  await sql`
    create trigger revoke_deactivated after update of is_active on users for each row
    when (old.is_active and not new.is_active) execute function revoke_user()`.execute(db)
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await sql`drop trigger revoke_deactivated on users`.execute(db)
  await sql`drop trigger revoke_deleted on users`.execute(db)
  await sql`drop trigger revoke on sessions`.execute(db)
  await db.schema.dropTable('revocations').execute()
  await sql`drop function announce_revocation, revoke_session, revoke_user`.execute(db)
}
