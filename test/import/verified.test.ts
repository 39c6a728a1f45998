import { hashSync } from '@node-rs/bcrypt'
import { sql } from 'kysely'
import t, { test } from 'tap'
import { importWithReport } from '../../src/import/report.ts'
import { password, startApp } from '../helpers/app.ts'
import { openEmpty } from '../helpers/databases.ts'

const { app } = await startApp(t)
const { db: from } = await openEmpty<unknown>(t)
const hash = hashSync(password, { cost: 4 })

for (const [column, type, values] of [
  ['"emailVerified"', 'boolean', { true: true, false: false, null: false }],
  ['email_verified', 'smallint', { 1: true, 0: false, null: false }],
  ['"emailVerified"', 'timestamptz', { 'now()': false }]
] as const)
  test(`an address that was verified there is verified here: ${column} ${type}`, async (t) => {
    for (const table of ['account', '"user"']) await sql.raw(`drop table if exists ${table}`).execute(from)
    await sql
      .raw(
        `create table "user" (id text, name text, email text, created_at timestamptz default now(), ${column} ${type})`
      )
      .execute(from)
    await sql.raw('create table account (user_id text, provider_id text, password text)').execute(from)
    for (const [value, expected] of Object.entries(values)) {
      const id = crypto.randomUUID()
      await sql.raw(`insert into "user" values ('${id}', 'Ann', '${id}@example.com', now(), ${value})`).execute(from)
      await sql.raw(`insert into account values ('${id}', 'credential', '${hash}')`).execute(from)
      await importWithReport({ from, target: app.db, dryRun: false, print: () => {} })
      const find = app.db.selectFrom('users').select('email_verified').where('email', '=', `${id}@example.com`)
      t.strictSame(await find.executeTakeFirst(), { email_verified: expected }, value)
    }
  })
