import pg from 'pg'

/** Rows per statement: each takes seconds, so that progress is visible. */
const batch = 250_000
const verbs =
  'Buy Call Write Plan Book Repair Clean Review Send Read Water Paint Sort Return Pay Check Update Draft Test Move'
const things =
  'the invoice, the report, bread and milk, the bicycle, the contract, a birthday card, the plants, the tickets, the old photos, the server, the release notes, the tax form, the kitchen shelf, the garden fence, the slides, the backup, the car, the library books, the budget, the meeting room'
const ends =
  'for Anna, before Friday, with the team, at the office, in the morning, for the landlord, again, by train, before the holidays, for Q3, with Müller & Sons, after lunch'

const words = (list: string, separator: string) =>
  `(array[${list.split(separator).map((word) => `'${word.trim().replaceAll("'", "''")}'`)}])`
const oneOf = (list: string, separator: string, seed: string) =>
  `${words(list, separator)}[1 + (${seed})::bigint % ${list.split(separator).length}]`
/** A deterministic pseudo-random number. */
const scattered = (i: string, salt: number) => `abs(hashint8extended(${i}, ${salt}) % 1000000007)`
const madeAt = (i: string, count: number) => `now() - interval '730 days' * (1 - ${i} / ${count}.0)`
/** A UUIDv7 with this time (RFC 9562, section 5.7). */
const uuid7 = (at: string) =>
  `(lpad(to_hex((extract(epoch from ${at}) * 1000)::bigint), 12, '0') || '7' || substr(md5(random()::text), 1, 3)
    || '8' || substr(md5(random()::text), 1, 15))::uuid`

interface Size {
  users: number
  tasks: number
  ofOne: number
}

interface Owner {
  id: string
  passwordHash: string
}

/**
 * Fills a migrated database that contains only the owner of many tasks: with users, and with tasks of two years,
 * interleaved by user. Indexes are created afterwards, as pg_restore does. Takes minutes; reports progress.
 */
export async function fill(url: string, { users, tasks, ofOne }: Size, owner: Owner, say: (text: string) => void) {
  const db = new pg.Client({ connectionString: url })
  await db.connect()
  const every = Math.round(tasks / ofOne)
  try {
    await db.query(`set synchronous_commit to off; set maintenance_work_mem to '512MB'`)
    const { rows: indexes } = await db.query<{ name: string; definition: string }>(
      `select indexname as name, indexdef as definition from pg_indexes
       where tablename in ('tasks', 'users') and schemaname = current_schema() and indexname not like '%pkey'`
    )
    for (const { name } of indexes) await db.query(`drop index ${name}`)
    await db.query('alter table tasks drop constraint tasks_user')
    // Without indexes, the trigger would read all tasks for each new user.
    await db.query('alter table tasks disable trigger count_added')

    for (let from = 1; from <= users; from += batch) {
      const to = Math.min(users, from + batch - 1)
      await db.query(
        `insert into users (id, email, name, password_hash, created_at, updated_at)
         select ${uuid7('at')}, 'person' || i || '@example.com',
           ${oneOf('Ann Bo Cem Dora Emil Fatima Greta Hugo Ines Jan', ' ', scattered('i', 1))} || ' ' || i, $1, at, at
         from (select i, ${madeAt('i', users)} as at from generate_series(${from}, ${to}) i) made`,
        [owner.passwordHash]
      )
      say(`${to.toLocaleString('en')} users`)
    }
    await db.query(`create temporary table people as
      select row_number() over () as number, id from users where id <> '${owner.id}'`)
    await db.query('create unique index on people (number)')
    await db.query('analyze people')

    for (let from = 1; from <= tasks; from += batch) {
      const to = Math.min(tasks, from + batch - 1)
      await db.query(
        `insert into tasks (id, user_id, title, description, completed, created_at, updated_at)
         select ${uuid7('at')}, case when i % ${every} = 0 then $1 else people.id end,
           ${oneOf(verbs, ' ', 'r1')} || ' ' || ${oneOf(things, ',', 'r2')} || ' ' || ${oneOf(ends, ',', 'r1 / 97')}
             || case when r2 % 3 = 0 then ' #' || r1 % 10000 else '' end,
           case when r1 % 2 = 0 then repeat('Some words on what is to be done. ', (1 + r2 % 5)::int) end,
           r2 % 10 < 7, at, at
         from (select i, ${scattered('i', 2)} as r1, ${scattered('i', 3)} as r2, ${madeAt('i', tasks)} as at
               from generate_series(${from}::bigint, ${to}) i) made
         join people on people.number = 1 + r1 % ${users}`,
        [owner.id]
      )
      if ((to / batch) % 4 === 0 || to === tasks) say(`${to.toLocaleString('en')} tasks`)
    }
    for (const { name, definition } of indexes) {
      say(`index ${name}`)
      await db.query(definition)
    }
    await db.query(`insert into task_usage
      select user_id, count(*), sum(octet_length(title) + coalesce(octet_length(description), 0)) from tasks group by user_id
      on conflict do nothing`)
    await db.query('alter table tasks enable trigger count_added')
    say('foreign key, vacuum, analyze')
    await db.query(
      'alter table tasks add constraint tasks_user foreign key (user_id) references users on delete cascade'
    )
    await db.query('vacuum analyze')
    await db.query('checkpoint').catch(() => {})
  } finally {
    await db.end()
  }
}
