import { sql } from 'kysely'
import t, { test } from 'tap'
import { userLists as listsOf, type UserListOptions, type UserPosition } from '../../src/repositories/user-lists.ts'
import { startApp } from '../helpers/app.ts'

const { app, signUp } = await startApp(t)
const userLists = (...given: Parameters<typeof listsOf>) => listsOf(...given).list
const all: UserListOptions = { state: 'all', limit: 100 }

/** Users `person1@example.com`, the later the number, the later the sign-in; every tenth has not signed in yet. */
async function addPeople(from: number, to: number): Promise<void> {
  await sql`insert into users (id, email, name, password_hash)
    select gen_random_uuid(), 'person' || i || '@example.com', 'Person ' || i, 'none' from generate_series(${from}::int, ${to}::int) i`.execute(
    app.db
  )
  await sql`update sign_ins set at = '2026-01-01'::timestamptz + substring(email from '[0-9]+')::int * interval '1 s'
    from users where id = user_id and email like 'person%' and email !~ '0@'`.execute(app.db)
}
await addPeople(1, 300)

/** Every page of a list, and how many there were. */
async function pagesOf(options: Partial<UserListOptions>, list = userLists(app.db)) {
  const emails: string[] = []
  let after: UserPosition | undefined
  let pages = 0
  do {
    const { items, next } = await list({ ...all, limit: 7, ...options, after })
    emails.push(...items.map(({ email }) => email))
    after = next
    pages += 1
  } while (after)
  return { emails, pages }
}

const expected = async (where: string) => {
  const { rows } = await sql<{ email: string }>`select email from users join sign_ins on user_id = id
    where ${sql.raw(where)} order by at desc, user_id desc`.execute(app.db)
  return rows.map(({ email }) => email)
}

test('all users are listed once, by their last sign-in, those who never signed in last', async (t) => {
  const { emails } = await pagesOf({})
  t.strictSame(emails, await expected('true'))
  t.equal(emails[0], 'person299@example.com')
  t.match(emails.at(-1), /0@/)
})

/** With bounds this small, each way to find users is taken. */
const ways = {
  'among the first that are read': { first: 1_000, named: 2_000, found: 2_000, read: 5_000 },
  'by an index': { first: 10, named: 2_000, found: 2_000, read: 20 },
  'by reading on, because too many match': { first: 10, named: 2_000, found: 3, read: 20 },
  'by reading on, because the index names too many': { first: 10, named: 3, found: 2_000, read: 20 }
}
const searches: [string, Partial<UserListOptions>, string][] = [
  ['part of the address', { text: 'RSON29' }, `email like '%rson29%'`],
  ['part of the name', { text: 'son 12' }, `name like '%son 12%'`],
  ['one character', { text: '7' }, `email like '%7%' or id::text like '%7%'`],
  ['what nobody has', { text: 'nobody at all' }, 'false'],
  ['what looks like a pattern', { text: '%er_on' }, 'false'],
  ['disabled ones', { state: 'disabled' }, 'not is_active'],
  ['active ones', { state: 'active' }, 'is_active'],
  ['admins', { role: 'admin' }, `role = 'admin'`],
  ['users', { role: 'user' }, `role <> 'admin'`],
  ['a name among disabled ones', { text: 'person2', state: 'disabled' }, `not is_active and email like 'person2%'`]
]
for (const [way, bounds] of Object.entries(ways))
  test(`users are found ${way}, each once and in order`, async (t) => {
    const list = userLists(app.db, bounds)
    await sql`update users set is_active = email !~ '[35]@', role = case when email ~ '44@' then 'admin' else 'user' end
      where email like 'person%'`.execute(app.db)
    for (const [what, options, where] of searches)
      for (const limit of [3, 100])
        t.strictSame(
          (await pagesOf({ ...options, limit }, list)).emails,
          await expected(where),
          `${what}, ${limit} a page`
        )
  })

test('a search that matches nobody, but whose parts many users match, reads a bounded number of users', async (t) => {
  await sql`insert into users (id, email, name, password_hash)
    select gen_random_uuid(), 'many' || i || '@example.com', 'Xyzxyz', 'none' from generate_series(1, 30) i`.execute(
    app.db
  )
  // No random id has these letters.
  const common = { ...all, text: 'xyzxyzxyzxyz' }
  const few = { first: 10, named: 29, found: 2_000, read: 20 }
  t.match(await userLists(app.db, { ...few, named: 30 })(common), { items: [], next: undefined })
  const { items, next } = await userLists(app.db, few)(common)
  t.strictSame(items, [])
  t.ok(next, 'the page ends early')
  t.strictSame((await pagesOf(common, userLists(app.db, few))).emails, [])
})

test('part of an id finds its user', async (t) => {
  const ann = await signUp()
  for (const text of [ann.id, ann.id.slice(9, 30), ann.id.toUpperCase()])
    t.strictSame((await pagesOf({ text })).emails, [ann.email])
})

test('a search that many users match reads a bounded number of them for a page', async (t) => {
  const list = userLists(app.db, { first: 10, named: 2_000, found: 3, read: 20 })
  const { items, next } = await list({ ...all, text: 'person', state: 'active' })
  t.ok(items.length <= 20)
  t.ok(next)
})

test('a login and a registration are sign-ins, and users without one have none', async (t) => {
  const ann = await signUp()
  const [found] = (await userLists(app.db)({ ...all, text: ann.id })).items
  t.match(found, { id: ann.id, issuer: null, disabled_at: null, disabled_reason: null, role: 'user' })
  t.ok(Math.abs(Date.parse(found?.last_sign_in_at ?? '') - Date.now()) < 60_000)
  t.notOk(found && 'password_hash' in found)
  const [never] = (await userLists(app.db)({ ...all, text: 'person10@' })).items
  t.equal(never?.last_sign_in_at, null)
})

test('searches and lists of users use an index, without a scan of all users', async (t) => {
  await sql`analyze users, sign_ins`.execute(app.db)
  const plan = async (text: string) => {
    const { rows } = await app.db.transaction().execute(async (trx) => {
      await sql`set local enable_seqscan = off`.execute(trx)
      return sql<Record<string, string>>`explain ${sql.raw(text)}`.execute(trx)
    })
    return rows.map((row) => Object.values(row)[0]).join('\n')
  }
  const folded = `lower(users.email || E'\\n' || users.name || E'\\n' || users.id::text)`
  t.match(
    await plan(`select id from users where text_grams(${folded}) @> text_grams(lower('son 12'))`),
    /users_by_grams/
  )
  t.match(await plan(`select id from users where not users.is_active`), /users_disabled/)
  t.match(await plan(`select id from users where users.role = 'admin'`), /users_admins/)
  t.match(await plan('select user_id from sign_ins order by at desc, user_id desc limit 9'), /sign_ins_by_time/)
})

test('the database refuses an admin of another issuer', async (t) => {
  const insert = sql`insert into users (id, issuer, subject, email, name, role)
    values (gen_random_uuid(), 'https://other.example', 'fay', 'fay@example.com', 'Fay', 'admin')`
  await t.rejects(insert.execute(app.db), /users_role/)
})

test('the last sign-in is the latest session, whichever is written last', async (t) => {
  const { id } = await signUp()
  const lastOf = async () =>
    (await app.db.selectFrom('sign_ins').select('at').where('user_id', '=', id).executeTakeFirstOrThrow()).at
  const addSession = (at: string) =>
    sql`insert into sessions (id, user_id, refresh_hash, created_at, expires_at, access_expires_at)
      values (gen_random_uuid(), ${id}, sha256(convert_to(${at}, 'UTF8')), ${at}::timestamptz, '2099-01-01', '2099-01-01')`.execute(
      app.db
    )
  await addSession('2098-03-02T00:00:00.000Z')
  await addSession('2098-03-01T00:00:00.000Z')
  t.strictSame(new Date(await lastOf()), new Date('2098-03-02T00:00:00.000Z'))
  await addSession('2098-03-03T00:00:00.000Z')
  t.strictSame(new Date(await lastOf()), new Date('2098-03-03T00:00:00.000Z'))
})
