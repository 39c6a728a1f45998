import { test } from 'tap'
import { type Run, stateOf } from '../../src/database/emptying.ts'
import { borrowEngine } from '../helpers/engines.ts'

test('an engine in which tables were created is lent again, without them and empty', async (t) => {
  const { pglite, giveBack } = await borrowEngine()
  await pglite.exec(`
    create table notes (id int primary key, user_id uuid references users on delete cascade);
    create table parts (id int references notes);
    insert into revocations (key, cutoff, expires_at) values (gen_random_uuid(), 1, now())`)
  giveBack()
  const again = await borrowEngine()
  t.teardown(again.giveBack)
  t.equal(again.pglite, pglite, 'no other engine was started')
  const { rows } = await pglite.query(`
    select to_regclass('notes') as notes, to_regclass('parts') as parts, to_regclass('users') is not null as ours,
      (select count(*)::int from revocations) as revocations`)
  t.strictSame(rows, [{ notes: null, parts: null, ours: true, revocations: 0 }])
})

test('an engine with another schema is not lent again', async (t) => {
  const { pglite, giveBack } = await borrowEngine()
  await pglite.exec("create type mood as enum ('well', 'ill')")
  giveBack()
  const other = await borrowEngine()
  t.teardown(other.giveBack)
  t.not(other.pglite, pglite)
  t.strictSame((await other.pglite.query("select to_regtype('mood') as mood")).rows, [{ mood: null }])
})

test('an engine with an open transaction is not lent again', async (t) => {
  const { pglite, giveBack } = await borrowEngine()
  await pglite.exec('begin')
  giveBack()
  const other = await borrowEngine()
  t.teardown(other.giveBack)
  t.not(other.pglite, pglite)
})

test('every kind of change to a schema is noticed', async (t) => {
  const { pglite, giveBack } = await borrowEngine()
  t.teardown(giveBack)
  const run: Run = async (statements) => (await pglite.exec(statements)).at(-1)?.rows ?? []
  const schemaOf = async () => (await stateOf(run)).schema
  const before = await schemaOf()
  for (const change of [
    "create type mood as enum ('well', 'ill')",
    'create domain short as text check (length(value) < 9)',
    'create function one() returns int return 1',
    'create view emails as select email from users',
    'create sequence numbers',
    'create schema notes',
    'create index users_by_other_name on users (name)',
    'drop index users_admins',
    "alter table users alter column name set default 'Ann'",
    'alter table users disable trigger all',
    'alter table tasks enable row level security; create policy none on tasks using (false)',
    'create rule silent as on insert to users do instead nothing',
    'grant select on users to public',
    'alter database postgres connection limit 9',
    'create role ann',
    "alter role postgres set timezone to 'Asia/Tokyo'"
  ]) {
    await pglite.exec(`begin; ${change}`)
    t.not(await schemaOf(), before, change)
    await pglite.exec('rollback')
    t.equal(await schemaOf(), before)
  }
})

test('two concurrent borrowers get different engines', async (t) => {
  const lent = await Promise.all([borrowEngine(), borrowEngine()])
  t.teardown(() => lent.map(({ giveBack }) => giveBack()))
  t.not(lent[0].pglite, lent[1].pglite)
})
