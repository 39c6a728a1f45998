import { type Kysely, sql } from 'kysely'

/** Each takes seconds for a million rows; for larger tables, build them by hand first (docs/migrations.md). */
export const accepted = { 'create index': 'built by hand before the release where the table is large' }

const lists = {
  tasks_by_title_sort: ['user_id', 'title_sort', 'id'],
  tasks_by_completed_title_sort: ['user_id', 'completed', 'title_sort', 'id']
}
const before = {
  tasks_by_title: ['user_id', 'title', 'id'],
  tasks_by_completed_title: ['user_id', 'completed', 'title', 'id']
}

/** Sort and search keys that the service computes (src/repositories/task-keys.ts); null until computed. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table tasks
    add column if not exists title_sort text collate "C" not null default '',
    add column if not exists title_search text collate "C",
    add column if not exists description_grams bytea`.execute(db)
  // A search reads all signatures of a user, so they must not be moved out of the row.
  await sql`alter table tasks alter column description_grams set storage plain`.execute(db)
  for (const [name, columns] of Object.entries(lists))
    await db.schema.createIndex(name).ifNotExists().on('tasks').columns(columns).execute()
  await sql`create index if not exists tasks_without_keys on tasks (id)
    where title_search is null or description_grams is null`.execute(db)
  for (const name of Object.keys(before)) await db.schema.dropIndex(name).ifExists().execute()

  // Earlier releases write tasks without keys, or leave keys of the previous text.
  await sql`
    create function sort_task() returns trigger language plpgsql as $$
    begin
      new.title_sort := left(lower(new.title), 200);
      return new;
    end $$`.execute(db)
  await sql`
    create trigger sort_without_keys before insert on tasks for each row
    when (new.title_search is null) execute function sort_task()`.execute(db)
  await sql`
    create function forget_task_keys() returns trigger language plpgsql as $$
    begin
      if new.title <> old.title
        and (new.title_sort, new.title_search) is not distinct from (old.title_sort, old.title_search) then
        new.title_search := null;
      end if;
      if new.description is distinct from old.description
        and new.description_grams is not distinct from old.description_grams then
        new.description_grams := null;
      end if;
      return new;
    end $$`.execute(db)
  await sql`
    create trigger forget_keys before update of title, description on tasks for each row
    when ((new.title <> old.title
        and (new.title_sort, new.title_search) is not distinct from (old.title_sort, old.title_search))
      or (new.description is distinct from old.description
        and new.description_grams is not distinct from old.description_grams))
    execute function forget_task_keys()`.execute(db)
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await sql`drop trigger sort_without_keys on tasks`.execute(db)
  await sql`drop trigger forget_keys on tasks`.execute(db)
  await sql`drop function sort_task, forget_task_keys`.execute(db)
  for (const [name, columns] of Object.entries(before))
    await db.schema.createIndex(name).on('tasks').columns(columns).execute()
  await sql`alter table tasks drop column title_sort, drop column title_search, drop column description_grams`.execute(
    db
  )
}
