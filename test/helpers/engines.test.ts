import { test } from 'tap'
import { borrowEngine } from './engines.ts'

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
