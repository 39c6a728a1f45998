import { type Kysely, sql } from 'kysely'

/**
 * Keeps the last link of the chain of events apart from the events, so that `npm run audit -- verify` finds that the last
 * ones were removed (docs/audit.md). A trigger does it as the owner of the tables, also for earlier releases.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  // At most one row.
  await sql`
    create table gatehouse_audit_head (
      id boolean primary key default true check (id),
      position bigint not null,
      hash bytea not null
    )`.execute(db)
  await sql`
    create function keep_audit_head() returns trigger language plpgsql security definer set search_path from current as $$
    begin
      insert into gatehouse_audit_head as head (position, hash)
        select position, hash from sealed where position is not null order by position desc limit 1
        on conflict (id) do update set position = excluded.position, hash = excluded.hash
        where excluded.position > head.position;
      return null;
    end $$`.execute(db)
  await sql`
    create function refuse_audit_head() returns trigger language plpgsql as $$
    begin
      if tg_op = 'UPDATE' and new.position > old.position then
        return new;
      end if;
      raise exception 'the head of the chain only moves on: % refused', lower(tg_op)
        using errcode = 'insufficient_privilege';
    end $$`.execute(db)
  await sql`create trigger keep before update or delete on gatehouse_audit_head
    for each row execute function refuse_audit_head()`.execute(db)
  await sql`create trigger keep_all before truncate on gatehouse_audit_head
    for each statement execute function refuse_audit_head()`.execute(db)
  // Sealing waits until this transaction ends.
  await sql`create trigger keep_head after update on security_events referencing new table as sealed
    for each statement execute function keep_audit_head()`.execute(db)
  await sql`
    insert into gatehouse_audit_head (position, hash)
    select position, hash from security_events where position is not null order by position desc limit 1`.execute(db)
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await sql`drop trigger keep_head on security_events`.execute(db)
  await sql`drop function keep_audit_head`.execute(db)
  await db.schema.dropTable('gatehouse_audit_head').execute()
  await sql`drop function refuse_audit_head`.execute(db)
}
