import { type Kysely, sql } from 'kysely'

export const accepted = { 'create index': 'built by hand before the release where the table is large' }

/** For operators: roles, why and when an account was disabled, when its user last signed in, and indexes for searches. */
export async function up(db: Kysely<unknown>): Promise<void> {
  // A table of its own: every login would otherwise change all indexes of the user's row. -infinity: not yet.
  await sql`
    create table sign_ins (
      user_id uuid primary key,
      at timestamptz(3) not null default '-infinity'
    )`.execute(db)
  await sql`insert into sign_ins (user_id) select id from users`.execute(db)

  // No extension: pg_trgm needs a privilege that some managed databases do not grant.
  await sql`
    create or replace function text_grams(folded text) returns text[] language plpgsql immutable parallel safe cost 10000 as $$
    begin
      return array(select substr(folded, place, 3) from generate_series(1, length(folded) - 2) as place);
    end $$`.execute(db)
  // A search reads the whole list of pending entries, so it must be short.
  await sql`
    create index if not exists users_by_grams on users
    using gin (text_grams(lower(email || E'\n' || name || E'\n' || id::text)))
    with (gin_pending_list_limit = 256)`.execute(db)
  await sql`create index if not exists users_disabled on users (id) where not is_active`.execute(db)

  await sql`
    create function add_sign_in() returns trigger language plpgsql set search_path from current as $$
    begin
      insert into sign_ins (user_id) values (new.id) on conflict do nothing;
      return null;
    end $$`.execute(db)
  await sql`
    create function note_sign_in() returns trigger language plpgsql set search_path from current as $$
    begin
      insert into sign_ins (user_id, at) values (new.user_id, new.created_at)
        on conflict (user_id) do update set at = greatest(sign_ins.at, excluded.at);
      return null;
    end $$`.execute(db)
  await sql`create trigger add_sign_in after insert on users for each row execute function add_sign_in()`.execute(db)
  await sql`
    create trigger note_sign_in after insert on sessions for each row execute function note_sign_in()`.execute(db)
  // The triggers lock both tables until the commit: users who were added since the first insert, and the open sessions.
  await sql`
    insert into sign_ins (user_id) select id from users where not exists (select from sign_ins where user_id = users.id)
    on conflict do nothing`.execute(db)
  await sql`
    insert into sign_ins as known (user_id, at) select user_id, max(created_at) from sessions group by user_id
    on conflict (user_id) do update set at = excluded.at`.execute(db)
  await sql`create index sign_ins_by_time on sign_ins (at, user_id)`.execute(db)
  await sql`alter table sign_ins add constraint sign_ins_user
    foreign key (user_id) references users (id) on delete cascade not valid`.execute(db)

  // Last, because nobody can read users from here to the commit.
  await sql`alter table users
    add column if not exists role text not null default 'user',
    add column if not exists disabled_at timestamptz(3),
    add column if not exists disabled_reason text`.execute(db)
  // Another issuer decides who its users are, so none of them is an admin here.
  await sql`alter table users add constraint users_role
    check (role = 'user' or (role = 'admin' and issuer is null)) not valid`.execute(db)
  await sql`create index if not exists users_admins on users (id) where role = 'admin'`.execute(db)
  // A token has the role of its time, so a change of the role ends the sessions.
  await sql`
    create trigger revoke_role after update of role on users for each row
    when (old.role <> new.role) execute function revoke_user()`.execute(db)
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await sql`drop trigger note_sign_in on sessions`.execute(db)
  await sql`drop trigger add_sign_in on users`.execute(db)
  await sql`drop trigger revoke_role on users`.execute(db)
  await sql`drop table sign_ins`.execute(db)
  await sql`drop index users_by_grams`.execute(db)
  await sql`drop function add_sign_in, note_sign_in, text_grams`.execute(db)
  await sql`alter table users drop column role, drop column disabled_at, drop column disabled_reason`.execute(db)
}
