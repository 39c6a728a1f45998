import { openSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { sql } from 'kysely'
import { test } from 'tap'
import { openDatabase } from '../../src/database/connection.ts'
import type { Database } from '../../src/database/tables.ts'
import { createLog } from '../../src/logging/log.ts'
import { patient } from '../helpers/patient.ts'
import { run } from '../helpers/process.ts'
import { cloneTemplate, server } from '../helpers/template.ts'
import { until } from '../helpers/wait.ts'

type Test = Parameters<typeof run>[0]

const why = ['--reason', 'Ticket 7', '--yes']
const [ann, ben] = ['ann@example.com', 'ben@example.com']
/** More than a pipe holds. */
const users = 3_000

/** A database with many users, and as many events. */
async function filled(t: Test) {
  const { settings, remove } = await cloneTemplate()
  t.teardown(remove)
  const database = () =>
    openDatabase<Database>(
      { databaseUrl: settings.DATABASE_URL, dataDir: settings.DATA_DIR ?? '', ...patient },
      createLog('silent')
    )
  async function ask<Row>(statement: string): Promise<Row[]> {
    const db = database()
    return (
      await sql
        .raw<Row>(statement)
        .execute(db)
        .finally(() => db.destroy())
    ).rows
  }
  await ask(`insert into users (id, email, name, password_hash)
    select gen_random_uuid(), 'p' || i || '@example.com', 'Person', '$2b$10$' || repeat('a', 53) from generate_series(3, ${users}) i
    union all select gen_random_uuid(), email, 'Person', '$2b$10$' || repeat('a', 53) from unnest(array['${ann}', '${ben}']) email`)
  await ask(`insert into security_events (id, at, event, address, user_id)
    select gen_random_uuid(), '2020-01-01', 'login', '192.0.2.1', (select id from users where email = '${ann}') from generate_series(1, ${users})`)
  await run(t, 'src/commands/audit.ts', settings, ['head']).ended
  return { settings: { ...settings, BETTER_AUTH_SECRET: 'a-long-value-that-only-the-tests-know' }, ask }
}

const csv = (t: Test) => {
  const path = join(t.testdir(), 'users.csv')
  writeFileSync(path, `email,name\n${'x@example.com,X\n'.repeat(3)}`)
  return path
}

type Line = [file: string, ...args: string[]]

/** Those that write more than a pipe holds. */
const long: Line[] = [
  ['users', 'find', '--limit', '5000', '--json'],
  ['users', 'export', ann, '--reason', 'Ticket 7'],
  ['audit', 'export'],
  ['export', 'users']
]
const short: Line[] = [
  ['users', 'find', '--limit', '5000'],
  ['users', 'show', ann],
  ['users', 'show', ann, '--json'],
  ['users', 'disable', ann, ...why, '--json'],
  ['audit', 'verify'],
  ['audit', 'verify', '--json'],
  ['audit', 'head'],
  ['audit', 'prune', '--before', '2019-01-01'],
  ['export', 'users', '--with-hashes'],
  ['import', 'csv', 'CSV'],
  ['keys', 'list'],
  ['keys', 'list', '--json'],
  ['migrate'],
  ['openapi', '--check']
]
// Each process boots the embedded database anew.
const commands = server ? [...long, ...short] : long

test('a reader that has left is no failure, and a full disk is one, for every command', async (t) => {
  const { settings, ask } = await filled(t)
  const path = csv(t)
  for (const [file, ...given] of commands) {
    const args = given.map((word) => (word === 'CSV' ? path : word))
    const what = `${file} ${given.join(' ')}`
    const left = run(t, `src/commands/${file}.ts`, settings, args)
    left.hangUp()
    const { code, stderr } = await left.ended
    t.equal(code, 0, `${what}: ${stderr}`)
    t.notMatch(stderr, /EPIPE|node:|at .*\.ts:\d|Warning/, what)
    const full = await run(t, `src/commands/${file}.ts`, settings, args, openSync('/dev/full', 'w')).ended
    t.equal(full.code, 1, what)
    t.equal(full.stderr.split('ENOSPC').length, 2, `${what} says it once: ${full.stderr}`)
    t.notMatch(full.stderr, /node:|at .*\.ts:\d|Warning/, what)
  }
  // Not those of other databases of the server. A connection is closed a moment after its process has ended.
  const locks = () =>
    ask(`select 1 from pg_locks where locktype = 'advisory'
    and database = (select oid from pg_database where datname = current_database())`)
  await until('no lock to be left', async () => (await locks()).length === 0)
})
