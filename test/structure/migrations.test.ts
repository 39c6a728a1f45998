import { readdirSync } from 'node:fs'
import { type Dialect, DummyDriver, Kysely, PostgresAdapter, PostgresIntrospector, PostgresQueryCompiler } from 'kysely'
import { test } from 'tap'
import { fine, refused } from '../helpers/migration-cases.ts'
import { broken, rules } from '../helpers/migration-rules.ts'

interface Migration {
  up: (db: Kysely<unknown>) => Promise<void>
  /** Rules that a migration may break, with the reason. */
  accepted?: Record<string, string>
}

const dialect: Dialect = {
  createDriver: () => new DummyDriver(),
  createAdapter: () => new PostgresAdapter(),
  createQueryCompiler: () => new PostgresQueryCompiler(),
  createIntrospector: (db) => new PostgresIntrospector(db)
}

/** The SQL of a migration, without running it. */
async function compile({ up }: Migration): Promise<string[]> {
  const statements: string[] = []
  const db = new Kysely<unknown>({ dialect, log: ({ query }) => void statements.push(query.sql) })
  await up(db)
  return statements
}

/** The names that a product cannot use for its tables. Those of later releases begin with `gatehouse_`. */
const reserved = new Set([
  ...['users', 'sign_ins', 'tasks', 'task_usage', 'sessions', 'revocations', 'security_events', 'audit_start'],
  ...['idempotency_keys', 'mails', 'mail_tokens', 'sign_ups', 'email_changes', 'totp_factors', 'recovery_codes'],
  ...['login_challenges', 'passkeys', 'used_passkey_challenges', 'signing_keys', 'shared_secret_use', 'personal_tokens']
])

const folder = new URL('../../migrations/', import.meta.url)
const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'))
for (const file of files.sort())
  test(`${file} locks no table for long, and is compatible with the previous release`, async (t) => {
    const migration: Migration = await import(new URL(file, folder).href)
    const statements = await compile(migration)
    t.ok(statements.length > 0)
    for (const sql of statements)
      for (const [, table = ''] of sql.matchAll(/\bcreate table (?:if not exists )?"?(\w+)/gi))
        t.ok(
          reserved.has(table) || table.startsWith('gatehouse_'),
          `a product may have a table ${table}: name it gatehouse_`
        )
    const { accepted = {} } = migration
    const found = broken(statements)
    for (const { rule, text } of found) t.match(accepted[rule], /^.{20,}/, `${text}: ${rule}: ${rules[rule]?.why}`)
    for (const rule of Object.keys(accepted))
      t.ok(
        found.some((one) => one.rule === rule),
        `${rule}: nothing to accept`
      )
  })

test('each rule of migrations refuses its examples', (t) => {
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

test('the rules of migrations allow harmless statements', (t) => {
  for (const sql of fine) t.strictSame(broken(sql), [], sql.join('; '))
  t.end()
})
