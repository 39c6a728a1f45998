import { hashSync } from '@node-rs/bcrypt'
import { type Kysely, sql } from 'kysely'
import t, { type Test, test } from 'tap'
import { openDatabase } from '../../src/database/connection.ts'
import { importWithReport } from '../../src/import/report.ts'
import { createLog } from '../../src/logging/log.ts'
import { password, startApp } from '../helpers/app.ts'
import { openEmpty } from '../helpers/databases.ts'

const { app, anyone } = await startApp(t)
const hash = hashSync(password, { cost: 4 })

const { db: from, url } = await openEmpty<unknown>(t)
const run = (text: string) => sql.raw(text).execute(from)

/** Removes the tables of a test from the source database. */
async function reset(): Promise<void> {
  for (const schema of ['auth', 'app', 'public']) await run(`drop schema if exists ${schema} cascade`)
  await run('create schema public')
}

async function importAll(t: Test, source: Kysely<unknown> = from): Promise<string> {
  let printed = ''
  const print = (text: string) => {
    printed += text
  }
  await importWithReport({ from: source, target: app.db, dryRun: false, print })
  t.match(printed, '1  imported', printed)
  return printed
}

interface Names {
  schema?: string
  users: string
  accounts: string
  columns: [createdAt: string, userId: string, providerId: string]
  refers?: boolean
}

/** Creates the tables of a source with one user. */
async function make({ schema = 'public', users, accounts, columns, refers = false }: Names, email: string) {
  const [createdAt, userId, providerId] = columns
  const reference = refers ? `references ${schema}.${users} (id)` : ''
  await run(`create schema if not exists ${schema}`)
  await run(
    `create table ${schema}.${users} (id text primary key, name text, email text, ${createdAt} timestamp default '2024-07-03 04:05:06')`
  )
  await run(
    `create table ${schema}.${accounts} (id text, ${userId} text ${reference}, ${providerId} text, password text)`
  )
  await run(`insert into ${schema}.${users} (id, name, email) values ('${email}', 'Ann', '${email}')`)
  await run(
    `insert into ${schema}.${accounts} (id, ${userId}, ${providerId}, password) values ('1', '${email}', 'credential', '${hash}')`
  )
}

const camel: Names['columns'] = ['"createdAt"', '"userId"', '"providerId"']
const snake: Names['columns'] = ['created_at', 'user_id', 'provider_id']
const layouts: [string, Names][] = [
  ["Better Auth's own", { users: '"user"', accounts: 'account', columns: camel }],
  ["Drizzle's", { users: '"user"', accounts: 'account', columns: snake }],
  ['plural and snake_case', { users: 'users', accounts: 'accounts', columns: snake }],
  ['plural and camelCase', { users: 'users', accounts: 'accounts', columns: camel }],
  ['mixed', { users: 'users', accounts: 'account', columns: ['created_at', '"userId"', 'provider_id'] }],
  ["Prisma's models", { users: '"User"', accounts: '"Account"', columns: camel }],
  ['without quotes', { users: 'users', accounts: 'accounts', columns: ['createdAt', 'userId', 'providerId'] }],
  ['in a schema of their own', { schema: 'auth', users: 'users', accounts: 'accounts', columns: snake }],
  ['with names of their own', { users: 'people', accounts: 'credentials', columns: snake, refers: true }]
]
for (const [index, [what, names]] of layouts.entries())
  test(`tables ${what} are found, and a time without a zone is read as UTC`, async (t) => {
    await reset()
    const before = process.env.TZ
    t.teardown(() => {
      if (before === undefined) delete process.env.TZ
      else process.env.TZ = before
    })
    process.env.TZ = 'America/New_York'
    const email = `u${index}@example.com`
    await make(names, email)
    const { schema = 'public', users, accounts } = names
    t.match(
      await importAll(t),
      `Reading ${schema}.${users.replaceAll('"', '')} and ${schema}.${accounts.replaceAll('"', '')}\n`
    )
    const { user } = (await anyone.post('/api/auth/login', { email, password })).json()
    t.match(user, { email, created_at: '2024-07-03T04:05:06.000Z' })
  })

test("an application's own tables beside them are ignored", async (t) => {
  await reset()
  await make({ users: '"user"', accounts: 'account', columns: snake, refers: true }, 'beside@example.com')
  await run('create table users (id text, name text, email text, created_at timestamptz)')
  await run('create table accounts (id text, user_id text, balance int)')
  t.match(await importAll(t), 'Reading public.user and public.account\n')
})

test('of two schemas the one in the search path is used; otherwise the choice is ambiguous', async (t) => {
  await reset()
  await make({ schema: 'auth', users: 'users', accounts: 'accounts', columns: snake }, 'auth@example.com')
  await make({ schema: 'app', users: 'users', accounts: 'accounts', columns: snake }, 'app@example.com')
  const both =
    /More than one place for users: app\.users with app\.accounts; auth\.users with auth\.accounts\. .*search_path/
  await t.rejects(importAll(t), { message: both })
  if (!url) return
  const databaseUrl = `${url}?options=-c%20search_path%3Dauth`
  const chosen = openDatabase<unknown>({ databaseUrl, dataDir: '' }, createLog('silent'))
  t.teardown(() => chosen.destroy())
  t.match(await importAll(t, chosen), 'Reading auth.users and auth.accounts\n')
})

const broken: [string, string[], RegExp][] = [
  ['no tables', [], /there is no table account; this role can read none\. Users are expected in "user" or "users"/],
  [
    'no provider',
    ['create table account ("userId" text, password text)'],
    /public\.account has no column providerId\./
  ],
  [
    'no users',
    ['create table accounts (user_id text, provider_id text, password text)'],
    /there is no table user; there are public\.accounts\./
  ],
  [
    'users without times',
    [
      'create table accounts (user_id text, provider_id text, password text)',
      'create table users (id text, name text, email text)'
    ],
    /public\.users has no column createdAt\. .*columns may be in snake_case/
  ]
]
for (const [what, statements, message] of broken)
  test(`${what}: the import fails, and the message names what is missing`, async (t) => {
    await reset()
    for (const statement of statements) await run(statement)
    await t.rejects(importAll(t), { message })
  })
