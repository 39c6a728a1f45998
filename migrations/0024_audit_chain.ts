import { type Kysely, sql } from 'kysely'

export const accepted = {
  'create index': 'built by hand before the release where the table is large (docs/migrations.md)'
}

/**
 * Makes security_events an append-only, hash-chained log (docs/audit.md). Rows are inserted without a position; the sealer
 * gives them one, and a hash (src/audit/sealing.ts). What identifies a person is not hashed: only a salted commitment is.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    alter table security_events
      add column if not exists position bigint,
      add column if not exists hash bytea,
      add column if not exists actor text,
      add column if not exists actor_id uuid,
      add column if not exists request_id text,
      add column if not exists client_salt bytea,
      add column if not exists client_commitment bytea,
      add column if not exists reason text,
      add column if not exists reason_salt bytea,
      add column if not exists reason_commitment bytea`.execute(db)
  await sql`create unique index if not exists security_events_by_position on security_events (position)
    where position is not null`.execute(db)
  await sql`create index if not exists security_events_unsealed on security_events (at, id) where position is null`.execute(
    db
  )
  await sql`create index if not exists security_events_with_client on security_events (at)
    where client_salt is not null`.execute(db)
  await sql`create index if not exists security_events_by_actor on security_events (actor_id)
    where actor_id is not null`.execute(db)

  // Where the chain starts once its oldest events are pruned. At most one row.
  await sql`
    create table audit_start (
      id boolean primary key default true check (id),
      position bigint not null,
      hash bytea not null
    )`.execute(db)

  await sql`
    create function keep_security_events() returns trigger language plpgsql set search_path from current as $$
    declare
      is_sealing boolean;
    begin
      if tg_op = 'UPDATE' then
        is_sealing := old.position is null and new.position is not null and new.hash is not null;
        if row(new.id, new.at, new.event, new.user_id, new.session_id, new.times, new.actor, new.actor_id)
            is not distinct from row(old.id, old.at, old.event, old.user_id, old.session_id, old.times, old.actor, old.actor_id)
          and (is_sealing or row(new.position, new.hash, new.client_commitment, new.reason_commitment)
            is not distinct from row(old.position, old.hash, old.client_commitment, old.reason_commitment))
          -- What identifies a person may become null, and nothing else.
          and (new.address is null or new.address is not distinct from old.address)
          and (new.user_agent is null or new.user_agent is not distinct from old.user_agent)
          and (new.request_id is null or new.request_id is not distinct from old.request_id)
          and (new.reason is null or new.reason is not distinct from old.reason)
          and (is_sealing or new.client_salt is null or new.client_salt is not distinct from old.client_salt)
          and (is_sealing or new.reason_salt is null or new.reason_salt is not distinct from old.reason_salt) then
          return new;
        end if;
      elsif current_setting('gatehouse.pruning', true) = 'on' then
        return old;
      end if;
      raise exception 'security events are append-only: % refused', lower(tg_op)
        using errcode = 'insufficient_privilege', hint = 'Old events are removed with: npm run audit -- prune';
    end $$`.execute(db)
  await sql`create trigger keep before update or delete on security_events
    for each row execute function keep_security_events()`.execute(db)
  await sql`create trigger keep_all before truncate on security_events
    for each statement execute function keep_security_events()`.execute(db)
}

export async function down(db: Kysely<unknown>): Promise<void> {
  for (const name of ['keep', 'keep_all']) await sql`drop trigger ${sql.ref(name)} on security_events`.execute(db)
  await sql`drop function keep_security_events`.execute(db)
  await db.schema.dropTable('audit_start').execute()
  for (const index of ['by_position', 'unsealed', 'with_client', 'by_actor'])
    await db.schema.dropIndex(`security_events_${index}`).execute()
  const columns = ['position', 'hash', 'actor', 'actor_id', 'request_id', 'reason']
  for (const part of ['client', 'reason']) columns.push(`${part}_salt`, `${part}_commitment`)
  for (const column of columns) await db.schema.alterTable('security_events').dropColumn(column).execute()
}
