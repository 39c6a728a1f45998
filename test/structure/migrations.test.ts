import { readdirSync } from 'node:fs'
import { type Dialect, DummyDriver, Kysely, PostgresAdapter, PostgresIntrospector, PostgresQueryCompiler } from 'kysely'
import { test } from 'tap'
import { broken, rules } from '../helpers/migration-rules.ts'

interface Migration {
  up: (db: Kysely<unknown>) => Promise<void>
  /** Rules that a migration may break all the same, and why it may. */
  accepted?: Record<string, string>
}

const dialect: Dialect = {
  createDriver: () => new DummyDriver(),
  createAdapter: () => new PostgresAdapter(),
  createQueryCompiler: () => new PostgresQueryCompiler(),
  createIntrospector: (db) => new PostgresIntrospector(db)
}

/** The SQL of a migration, which goes to no database. */
async function compile({ up }: Migration): Promise<string[]> {
  const statements: string[] = []
  const db = new Kysely<unknown>({ dialect, log: ({ query }) => void statements.push(query.sql) })
  await up(db)
  return statements
}

const folder = new URL('../../migrations/', import.meta.url)
for (const file of readdirSync(folder).sort())
  test(`${file} locks no table for long, and old code can live with it`, async (t) => {
    const migration: Migration = await import(new URL(file, folder).href)
    const statements = await compile(migration)
    t.ok(statements.length > 0)
    const { accepted = {} } = migration
    const found = broken(statements)
    for (const { rule, text } of found) t.match(accepted[rule], /^.{20,}/, `${text}: ${rule}: ${rules[rule]?.why}`)
    for (const rule of Object.keys(accepted))
      t.ok(
        found.some((one) => one.rule === rule),
        `${rule}: nothing to accept`
      )
  })

/** Statements that each rule is there for. */
const refused: Record<string, string[]> = {
  'create index': [
    'create index tasks_by_x on tasks (x)',
    'CREATE UNIQUE INDEX "tasks_by_x" ON "public"."tasks" ("x")',
    'create index if not exists tasks_by_x on only tasks using gin (x)'
  ],
  'add required column': [
    'alter table tasks add column x int not null',
    'alter table only "tasks" add x int not null, add column y int'
  ],
  'rewrite table': [
    'alter table tasks alter column title type varchar(100)',
    'alter table tasks alter title set data type text',
    'alter table tasks add column x uuid default gen_random_uuid()',
    'alter table tasks add column x bigserial',
    'alter table tasks add column x int generated always as (length(title)) stored',
    'alter table tasks set unlogged'
  ],
  'set not null': ['alter table tasks alter column description set not null'],
  'add constraint': [
    'alter table tasks add constraint c check (length(title) < 100)',
    'alter table tasks add constraint c foreign key (list_id) references lists (id)',
    'alter table tasks add unique (title)',
    'alter table tasks add primary key (id, user_id)',
    'alter table tasks add column list_id uuid references lists (id)'
  ],
  'validate constraint': [
    'alter table tasks add constraint c check (x > 0) not valid; alter table tasks validate constraint c'
  ],
  'drop or rename': [
    'alter table tasks drop column description',
    'alter table tasks rename column title to name',
    'alter table tasks rename to things',
    'alter table tasks alter column completed drop default',
    'drop table if exists tasks cascade',
    'drop view v',
    'drop trigger revoke on sessions',
    'drop function revoke_session',
    'alter type status rename value $$a$$ to $$b$$'
  ],
  'row security': ['alter table tasks enable row level security'],
  'change many rows': [
    'update tasks set x = 1',
    'delete from tasks where x = 1',
    'with old as (select 1) update tasks set x = 1'
  ],
  'lock table': ['lock table tasks', 'truncate tasks', 'reindex table tasks', 'vacuum full tasks'],
  concurrently: ['drop index concurrently tasks_by_x']
}

test('each rule refuses what it is there for', (t) => {
  t.strictSame(Object.keys(refused).sort(), Object.keys(rules).sort())
  for (const [rule, statements] of Object.entries(refused))
    for (const sql of statements)
      t.strictSame(
        broken([sql]).map((one) => one.rule),
        [rule],
        sql
      )
  t.end()
})

test('what nobody waits for is not refused', (t) => {
  const made = 'create table notes (id uuid primary key, task_id uuid references tasks (id), n int not null unique)'
  const fine = [
    ['alter table tasks add column x int, add column y boolean not null default false'],
    ["alter table tasks add column at timestamptz default now(), add column z text default 'drop column, not null'"],
    ['alter table tasks add constraint c check (x in (1, 2)) not valid'],
    ['alter table tasks add constraint c unique using index tasks_by_x'],
    ['alter table tasks validate constraint added_by_the_release_before', 'alter table tasks drop constraint c'],
    ['alter table tasks alter column x drop not null', 'alter table tasks alter column x set default 1'],
    [
      made,
      'create index notes_by_n on notes (n)',
      'alter table notes alter column n type bigint',
      'update notes set n = 1'
    ],
    ['create function f() returns trigger language plpgsql as $f$ begin update tasks set x = 1; return null; end $f$'],
    ['create trigger t after update on tasks for each row execute function f()', '-- drop table tasks\nselect 1'],
    ['drop index tasks_by_x', "insert into settings values ('update tasks set x')"]
  ]
  for (const sql of fine) t.strictSame(broken(sql), [], sql.join('; '))
  t.end()
})
