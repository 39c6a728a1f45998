import { hashSync } from '@node-rs/bcrypt'
import { sql } from 'kysely'
import t, { test } from 'tap'
import { importWithReport } from '../../src/import/report.ts'
import { password, startApp } from '../helpers/app.ts'
import { openEmpty } from '../helpers/databases.ts'
import { until } from '../helpers/wait.ts'

/** A hash that Better Auth 1.7.7 stored for this password. */
const scrypt =
  'b4dca416f2737d15a508cc8b2f6f785b:99e7d82652bf7b7faab560f5d2851e79ad89430c9d8e36f28d139ae54bf8219bff2b606a0e87eb1f5b2448be9c6a06eee3ce9c87359d215694519ad3dbaf4d0e'
const many = 1_200

const { app, anyone, signUp } = await startApp(t)
const { db: from } = await openEmpty<unknown>(t)

await sql`create table "user" (id text primary key, name text, email text, "createdAt" timestamptz default '2024-02-03T04:05:06Z')`.execute(
  from
)
await sql`create table account ("userId" text, "providerId" text, password text)`.execute(from)
const add = async (id: string, email: string, hash: string | null, name: string | null = 'Somebody') => {
  await sql`insert into "user" (id, name, email) values (${id}, ${name}, ${email})`.execute(from)
  await sql`insert into account values (${id}, 'credential', ${hash}), (${id}, 'github', null)`.execute(from)
}

async function run(dryRun: boolean): Promise<string> {
  let printed = ''
  await importWithReport({
    from,
    target: app.db,
    dryRun,
    print: (text) => {
      printed += text
    }
  })
  return printed
}

const logIn = (email: string, secret = password) => anyone.post('/api/auth/login', { email, password: secret })
const hashOf = async (email: string) =>
  (await app.db.selectFrom('users').select('password_hash').where('email', '=', email).executeTakeFirstOrThrow())
    .password_hash

test('a dry run reports everything and writes nothing; a run can be repeated', async (t) => {
  const ann = await signUp()
  await add('one', ' Scrypt@Example.com', scrypt)
  for (const version of ['2a', '2b', '2y'] as const)
    await add(version, `${version}@example.com`, hashSync(password, { cost: 5, version }))
  await add('nameless', 'nameless@example.com', scrypt, null)
  await add('taken', ann.email.toUpperCase(), scrypt)
  await add('social', 'social@example.com', null)
  await add('argon', 'argon@example.com', '$argon2id$v=19$m=65536,t=3,p=4$c2FsdA$aGFzaA')
  for (const email of ['nobody', 'josé@example.com', 'admin@localhost', 'x@my_host.com'])
    await add(email, email, scrypt)
  await sql`insert into "user" (id, name, email) select 'u' || n, 'User ' || n, 'u' || n || '@example.com' from generate_series(1, ${many}::int) n`.execute(
    from
  )
  await sql`insert into account select id, 'credential', ${scrypt} from "user" where id ~ '^u\\d+$'`.execute(from)

  const dry = await run(true)
  t.match(dry, `${many + 12} of ${many + 12} users read`)
  for (const line of [`${many + 5}  imported`, '1  skipped: the email belongs', '1  skipped: no password'])
    t.match(dry, line)
  for (const line of ['4  skipped: invalid email', '1  skipped: unknown kind']) t.match(dry, line)
  t.match(dry, 'argon: skipped')
  t.equal((await logIn('scrypt@example.com')).statusCode, 401, 'and nothing is written')

  t.match(await run(false), `${many + 5}  imported`)
  const again = await run(false)
  t.match(again, '0  imported')
  t.match(again, `${many + 5}  imported by an earlier run`)
  t.equal((await logIn(ann.email)).statusCode, 200, 'the account that was here is as it was')
})

test('an imported user logs in with the old password, and then has our hash', async (t) => {
  for (const email of ['scrypt@example.com', '2a@example.com', '2b@example.com', '2y@example.com', 'u7@example.com']) {
    t.equal((await logIn(email, 'wrong-horse-7')).statusCode, 401, email)
    t.notMatch(await hashOf(email), /^\$2b\$04\$/)
    const answer = await logIn(email)
    t.equal(answer.statusCode, 200, email)
    t.equal(answer.json().user.created_at, '2024-02-03T04:05:06.000Z')
    await until('a hash of ours', async () => /^(nfkc)?\$2b\$04\$/.test(String(await hashOf(email))))
    t.equal((await logIn(email)).statusCode, 200, 'and with it')
  }
})

test('a scrypt password that bcrypt cannot hash keeps its hash', async (t) => {
  const { scryptSync } = await import('node:crypto')
  const long = 'ﬁ'.repeat(40)
  const salt = 'c'.repeat(32)
  const key = scryptSync(long.normalize('NFKC'), salt, 64, { N: 16_384, r: 16, p: 1, maxmem: 2 ** 26 })
  await add('long', 'long@example.com', `${salt}:${key.toString('hex')}`)
  t.match(await run(false), '1  imported')
  for (const _ of [1, 2]) t.equal((await logIn('long@example.com', long)).statusCode, 200)
  t.match(await hashOf('long@example.com'), /^c{32}:/)
})

test('a failed batch writes nothing, and a user without a password is skipped', async (t) => {
  await sql`delete from "user"`.execute(from)
  await add('social only', 'only@example.com', null)
  t.match(await run(false), '1  skipped: no password')
  await add('timeless', 'timeless@example.com', scrypt)
  await sql`update "user" set "createdAt" = null where id = 'timeless'`.execute(from)
  await t.rejects(run(false), { message: /created_at/ })
  t.equal((await logIn('timeless@example.com')).statusCode, 401)
})
