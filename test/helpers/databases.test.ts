import pg from 'pg'
import { type Test, test } from 'tap'
import { borrowClone } from './databases.ts'
import { pooler, server } from './template.ts'

const skip = !server ? 'needs TEST_DATABASE_URL' : pooler ? 'a pooler keeps connections' : false

async function connect(t: Test, url = '') {
  const client = new pg.Client(url)
  client.on('error', () => {}) // ended by the next test
  await client.connect()
  t.teardown(() => client.end())
  return client
}

test('a database is used again, empty and without the tables that were created', { skip }, async (t) => {
  const { settings, remove } = await borrowClone()
  const left = await connect(t, settings.DATABASE_URL)
  await left.query(`create table notes (id int primary key);
    insert into revocations (key, cutoff, expires_at) values (gen_random_uuid(), 1, now())`)
  await left.query('begin; lock table users')
  await remove()
  const again = await borrowClone()
  t.teardown(again.remove)
  t.equal(again.settings.DATABASE_URL, settings.DATABASE_URL, 'no other was made')
  const client = await connect(t, again.settings.DATABASE_URL)
  const { rows } =
    await client.query(`select to_regclass('notes') as notes, (select count(*)::int from revocations) as revocations,
    (select count(*)::int from pg_stat_activity where datname = current_database()) as connections`)
  t.strictSame(rows, [{ notes: null, revocations: 0, connections: 1 }], 'what was left connected is not')
})

for (const change of ["create type mood as enum ('well', 'ill')", 'drop index users_admins', 'analyze users'])
  test(`a database is not used again after ${change}`, { skip }, async (t) => {
    const { settings, remove } = await borrowClone()
    const client = await connect(t, settings.DATABASE_URL)
    await client.query(change)
    await remove()
    const other = await borrowClone()
    t.teardown(other.remove)
    t.not(other.settings.DATABASE_URL, settings.DATABASE_URL)
  })
