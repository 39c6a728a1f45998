import { type Kysely, sql } from 'kysely'
import { Migrator, NO_MIGRATIONS } from 'kysely/migration'
import { test } from 'tap'
import { openDatabase } from '../../src/database/connection.ts'
import { migrate, migrations } from '../../src/database/migrate.ts'
import type { Database } from '../../src/database/tables.ts'
import { createLog } from '../../src/logging/log.ts'
import { emptyDatabase, server } from '../helpers/template.ts'

const log = createLog('silent')

/** A full description of the schema. */
async function schemaOf(db: Kysely<Database>) {
  const { rows } = await sql<{ what: string }>`
    select table_name || '.' || column_name || ' ' || data_type || ' ' || is_nullable || ' ' || coalesce(column_default, '') as what
      from information_schema.columns where table_schema = 'public' and table_name not like 'kysely%'
    union all select indexdef from pg_indexes where schemaname = 'public' and tablename not like 'kysely%'
    union all select conname || ' ' || pg_get_constraintdef(oid) from pg_constraint
      where connamespace = 'public'::regnamespace and contype <> 'n' and conname not like 'kysely%'
    order by what`.execute(db)
  return rows.map(({ what }) => what)
}

test('migrations run up, down to nothing, and up to the same schema again', async (t) => {
  const db = openDatabase(await emptyDatabase(t), log)
  t.strictSame(await schemaOf(db), [])
  t.match(await migrate(db, log), ['0001_users', '0002_tasks'])
  const schema = await schemaOf(db)
  t.ok(schema.length > 20)
  t.strictSame(await migrate(db, log), [], 'the second time there is nothing to do')

  const { error } = await new Migrator({ db, provider: migrations }).migrateTo(NO_MIGRATIONS)
  t.equal(error, undefined)
  t.strictSame(await schemaOf(db), [])
  await migrate(db, log)
  t.strictSame(await schemaOf(db), schema)
  await db.destroy()
})

test('a database of a newer version is not changed', async (t) => {
  const db = openDatabase(await emptyDatabase(t), log)
  await migrate(db, log)
  await sql`insert into kysely_migration (name, timestamp) values ('9999_from_the_future', now()::text)`.execute(db)
  await t.rejects(migrate(db, log), { message: /9999_from_the_future/ })
  await db.destroy()
})

const skip = server ? false : 'needs TEST_DATABASE_URL: one embedded database has one process'
test('processes that start together migrate once', { skip }, async (t) => {
  const settings = await emptyDatabase(t)
  const all = Array.from({ length: 6 }, () => openDatabase(settings, log))
  const applied = await Promise.all(all.map((db) => migrate(db, log)))
  t.match(applied.flat(), ['0001_users', '0002_tasks'])
  t.equal(applied.filter(({ length }) => length > 0).length, 1)
  await Promise.all(all.map((db) => db.destroy()))
})

test('an unreachable database is distinguished from one that refuses', async (t) => {
  const db = openDatabase({ databaseUrl: 'postgres://ann:hush-hush@localhost:1/tasks', dataDir: '' }, log)
  const error: Error = await migrate(db, log).then(
    () => t.fail('it answers'),
    (error) => error
  )
  t.match(error.message, /^The database does not answer: .*ECONNREFUSED/)
  t.notMatch(error.message, 'hush-hush')
  await db.destroy()
})

test('a migration waits for a lock of another process', async (t) => {
  const db = openDatabase(await emptyDatabase(t), log)
  const all = await migrate(db, log)
  await new Migrator({ db, provider: migrations }).migrateDown()
  // A sequence is not rolled back, so it counts attempts.
  await sql`create sequence attempts`.execute(db)
  await sql`
    create function refuse_twice() returns trigger language plpgsql as $$
    begin
      if nextval('attempts') < 3 then raise exception 'locked' using errcode = 'lock_not_available'; end if;
      return new;
    end $$`.execute(db)
  await sql`create trigger refuse before insert on kysely_migration for each row execute function refuse_twice()`.execute(
    db
  )
  t.strictSame(await migrate(db, log), all.slice(-1))
  await db.destroy()
})
