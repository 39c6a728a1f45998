import { type Kysely, sql } from 'kysely'

/**
 * Tasks and bytes of text per user, counted by triggers so that no code path can forget it. The first change of a
 * user's tasks creates the row. A statement that sets `gatehouse.task_quota` ('tasks bytes', by set_config) fails when
 * it exceeds the quota. Concurrent changes wait for the row lock.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  // Every change of a task updates this row. The fillfactor leaves room for HOT updates, which do not touch the index.
  await sql`
    create table task_usage (
      user_id uuid primary key,
      tasks bigint not null,
      bytes bigint not null,
      constraint task_usage_user foreign key (user_id) references users (id) on delete cascade
    ) with (fillfactor = 50)`.execute(db)

  await sql`
    create function change_task_usage(owner uuid, more_tasks bigint, more_bytes bigint) returns void
    language plpgsql set search_path from current as $$
    declare
      total task_usage%rowtype;
      quota text[] := string_to_array(current_setting('gatehouse.task_quota', true), ' ');
    begin
      update task_usage set tasks = task_usage.tasks + more_tasks, bytes = task_usage.bytes + more_bytes
        where user_id = owner returning * into total;
      if not found then
        -- The count includes the change. A row that another transaction has made meanwhile does not.
        insert into task_usage as known
          select owner, count(*), coalesce(sum(octet_length(title) + coalesce(octet_length(description), 0)), 0)
          from tasks where user_id = owner having exists (select from users where id = owner)
          on conflict (user_id) do update set tasks = known.tasks + more_tasks, bytes = known.bytes + more_bytes
          returning * into total;
      end if;
      if (more_tasks > 0 and total.tasks > quota[1]::bigint) or (more_bytes > 0 and total.bytes > quota[2]::bigint) then
        raise exception 'user % has too many tasks', owner
          using errcode = 'check_violation', constraint = 'task_usage_quota';
      end if;
    end $$`.execute(db)

  // Ordered by user id, so that concurrent statements lock rows in the same order.
  await sql`
    create function count_added_tasks() returns trigger language plpgsql set search_path from current as $$
    begin
      perform change_task_usage(user_id, tasks, bytes) from (
        select user_id, count(*) as tasks, sum(octet_length(title) + coalesce(octet_length(description), 0)) as bytes
        from added group by user_id order by user_id) as changes;
      return null;
    end $$`.execute(db)
  await sql`
    create function count_removed_tasks() returns trigger language plpgsql set search_path from current as $$
    begin
      perform change_task_usage(user_id, tasks, bytes) from (
        select user_id, -count(*) as tasks, -sum(octet_length(title) + coalesce(octet_length(description), 0)) as bytes
        from removed group by user_id order by user_id) as changes;
      return null;
    end $$`.execute(db)
  await sql`
    create function count_changed_tasks() returns trigger language plpgsql set search_path from current as $$
    begin
      perform change_task_usage(user_id, tasks, bytes) from (
        select user_id, sum(one) as tasks, sum(one * (octet_length(title) + coalesce(octet_length(description), 0))) as bytes
        from (select 1 as one, user_id, title, description from added
          union all select -1, user_id, title, description from removed) as rows
        group by user_id
        having sum(one) <> 0 or sum(one * (octet_length(title) + coalesce(octet_length(description), 0))) <> 0
        order by user_id) as changes;
      return null;
    end $$`.execute(db)
  await sql`
    create trigger count_added after insert on tasks referencing new table as added
    for each statement execute function count_added_tasks()`.execute(db)
  await sql`
    create trigger count_removed after delete on tasks referencing old table as removed
    for each statement execute function count_removed_tasks()`.execute(db)
  await sql`
    create trigger count_changed after update on tasks referencing old table as removed new table as added
    for each statement execute function count_changed_tasks()`.execute(db)
}

export async function down(db: Kysely<unknown>): Promise<void> {
  for (const name of ['count_added', 'count_removed', 'count_changed'])
    await sql`drop trigger ${sql.ref(name)} on tasks`.execute(db)
  await sql`drop function count_added_tasks, count_removed_tasks, count_changed_tasks, change_task_usage`.execute(db)
  await db.schema.dropTable('task_usage').execute()
}
