import { hashSync } from '@node-rs/bcrypt'
import { sql } from 'kysely'
import t, { test } from 'tap'
import { importWithReport } from '../../src/import/report.ts'
import { password, startApp } from '../helpers/app.ts'
import { openEmpty } from '../helpers/databases.ts'

const { app, anyone } = await startApp(t)
const hash = hashSync(password, { cost: 4 })

const { db: from } = await openEmpty<unknown>(t)

const past = "'2024-07-03 04:05:06'"
const future = "'2999-07-03 04:05:06'"
/** Better Auth lets a user in again once a ban has expired. */
const users: [name: string, banned: string, expires: string, isKept: boolean][] = [
  ['free', 'false', 'null', true],
  ['unknown', 'null', 'null', true],
  ['lifted', 'false', future, true],
  ['expired', 'true', past, true],
  ['for-ever', 'true', 'null', false],
  ['for-now', 'true', future, false]
]

for (const [style, banned, expires, type] of [
  ['camel', 'banned', '"banExpires"', 'timestamptz'],
  ['snake', 'banned', 'ban_expires', 'timestamp']
] as const)
  test(`a user banned in the source cannot log in here, and is counted in the report: ${style}, ${type}`, async (t) => {
    for (const table of ['account', '"user"']) await sql.raw(`drop table if exists ${table}`).execute(from)
    await sql
      .raw(
        `create table "user" (id text, name text, email text, created_at timestamptz default now(), ${banned} boolean, ${expires} ${type})`
      )
      .execute(from)
    await sql.raw('create table account (user_id text, provider_id text, password text)').execute(from)
    for (const [name, isBanned, until] of users) {
      const id = `${name}-${style}`
      await sql
        .raw(
          `insert into "user" (id, name, email, ${banned}, ${expires}) values ('${id}', 'Ann', '${id}@example.com', ${isBanned}, ${until})`
        )
        .execute(from)
      await sql.raw(`insert into account values ('${id}', 'credential', '${hash}')`).execute(from)
    }
    let printed = ''
    const print = (text: string) => {
      printed += text
    }
    await importWithReport({ from, target: app.db, dryRun: false, print })
    t.match(printed, /\b4 {2}imported\n/)
    t.match(printed, /\b2 {2}imported, but deactivated: banned there\n/)
    for (const [name, , , isKept] of users) {
      const answer = await anyone.post('/api/auth/login', { email: `${name}-${style}@example.com`, password })
      t.equal(answer.statusCode, isKept ? 200 : 401, name)
    }
  })
