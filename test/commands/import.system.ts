import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'tap'
import { project } from '../helpers/firebase.ts'
import { run } from '../helpers/process.ts'
import { startPostgres, withoutPostgres } from '../helpers/servers.ts'
import { cloneTemplate, onServer, server, urlOf } from '../helpers/template.ts'

const command = 'src/commands/import.ts'
const nowhere = 'postgres://ann:hush-hush@localhost:1/users'

test('wrong arguments print the usage', async (t) => {
  for (const args of [
    [],
    ['better-auth'],
    ['okta', nowhere],
    ['csv'],
    ['firebase', 'users.json'],
    ['csv', 'a', 'b'],
    ['better-auth', nowhere, '--force']
  ]) {
    const { code, stderr } = await run(t, command, {}, args).ended
    t.equal(code, 2)
    t.match(stderr, 'Usage: npm run import -- better-auth')
  }
})

test('a URL whose password would be taken for a host is refused, and not repeated', async (t) => {
  const { code, stderr } = await run(t, command, {}, ['better-auth', 'postgres://ann:12#hush@db.example.com/app']).ended
  t.equal(code, 2)
  t.match(stderr, /^The URL is not a postgres:\/\/ URL; .*write # as %23/)
  t.notMatch(stderr, /hush|example/)
})

test('wrong settings are reported, without a stack', async (t) => {
  const { code, stderr } = await run(t, command, { BCRYPT_COST: '99' }, ['better-auth', nowhere]).ended
  t.equal(code, 2)
  t.match(stderr, /BCRYPT_COST: /)
  t.notMatch(stderr, /\bat .*\.ts:/)
})

test('a server that does not answer is reported', async (t) => {
  const database = await cloneTemplate()
  t.teardown(database.remove)
  const { code, stderr } = await run(t, command, database.settings, ['better-auth', nowhere]).ended
  t.equal(code, 1)
  t.match(stderr, /^Not imported: .*ECONNREFUSED/)
  t.notMatch(stderr, 'hush-hush')
})

const skip = server ? false : 'needs TEST_DATABASE_URL: the command reads from PostgreSQL'
test('a dry run counts the users, --write imports them, and a second run imports none', { skip }, async (t) => {
  const database = await cloneTemplate()
  const name = `gatehouse_source_${crypto.randomUUID().slice(0, 8)}`
  await onServer(`create database ${name}`)
  t.teardown(() => Promise.all([database.remove(), onServer(`drop database ${name} with (force)`)]))
  const args = ['better-auth', urlOf(name)]
  t.equal((await run(t, command, database.settings, args).ended).code, 1, 'not a database of Better Auth')
  await onServer(
    `create table "user" (id int primary key, name text, email text, "createdAt" timestamptz default now());
     create table account ("userId" int, "providerId" text, password text);
     insert into "user" values (1, 'Ann', 'ann@example.com');
     insert into account values (1, 'credential', '$2a$10$${'a'.repeat(21)}u${'b'.repeat(30)}u')`,
    urlOf(name)
  )
  t.match((await run(t, command, database.settings, args).ended).stdout, /A dry run.*\n +1 +imported\n/)
  t.match((await run(t, command, database.settings, [...args, '--write']).ended).stdout, /Done:\n +1 +imported\n/)
  t.match((await run(t, command, database.settings, args).ended).stdout, / +1 +imported by an earlier run\n/)
})

test('users of a project of Supabase are imported from its database', { skip: withoutPostgres }, async (t) => {
  const [database, { url, remove }] = await Promise.all([cloneTemplate(), startPostgres()])
  t.teardown(() => Promise.all([database.remove(), remove()]))
  t.match((await run(t, command, database.settings, ['supabase', url]).ended).stderr, /^Not imported: /)
  await onServer(
    `create schema auth;
     create table auth.users (id uuid primary key default gen_random_uuid(), email text, encrypted_password text,
       email_confirmed_at timestamptz, created_at timestamptz default now(), updated_at timestamptz default now(),
       last_sign_in_at timestamptz, raw_user_meta_data jsonb, banned_until timestamptz, deleted_at timestamptz,
       is_sso_user boolean default false, is_anonymous boolean default false);
     insert into auth.users (email, encrypted_password) values ('ann@example.com', '$2a$10$${'a'.repeat(21)}u${'b'.repeat(30)}u')`,
    url
  )
  t.match((await run(t, command, database.settings, ['supabase', url]).ended).stdout, /A dry run.*\n +1 +imported\n/)
})

test('an import that was killed continues where it stopped, and adds no user twice', async (t) => {
  const database = await cloneTemplate()
  t.teardown(database.remove)
  const count = 6_000
  const csv = join(t.testdir(), 'many.csv')
  const hash = `$2a$10$${'a'.repeat(21)}u${'b'.repeat(30)}u`
  const rows = Array.from({ length: count }, (_, i) => `person-${i}@example.com,${hash}`)
  writeFileSync(csv, `email,password_hash\n${rows.join('\n')}\n`)
  const args = ['csv', csv, '--write']
  const killed = run(t, command, database.settings, args)
  await killed.says(/[1-9]\d* users read/)
  killed.kill('SIGKILL')
  await killed.ended
  const counts = (stdout: string) =>
    [/(\d+) {2}imported\n/, /(\d+) {2}imported by an earlier run\n/].map((line) => Number(line.exec(stdout)?.[1]))
  const [added = 0, already = 0] = counts((await run(t, command, database.settings, args).ended).stdout)
  t.ok(already > 0 && already % 500 === 0, `${already} by the run that was killed: whole batches`)
  t.equal(added + already, count)
  t.strictSame(counts((await run(t, command, database.settings, args).ended).stdout), [0, count])
})

test('users of files of Auth0 and Firebase are imported', async (t) => {
  const database = await cloneTemplate()
  t.teardown(database.remove)
  const folder = t.testdir({
    'auth0.ndjson': `${JSON.stringify({ email: 'ann@example.com', passwordHash: `$2a$10$${'a'.repeat(21)}u${'b'.repeat(30)}u` })}\n`,
    'firebase.json': '{"users":[{"localId":"5f1","email":"ben@example.com"}]}'
  })
  const auth0 = ['auth0', join(folder, 'auth0.ndjson')]
  t.match((await run(t, command, database.settings, auth0).ended).stdout, /A dry run.*\n +1 +imported\n/)
  const scrypt = [
    '--signer-key',
    project.key,
    '--salt-separator',
    project.separator,
    '--rounds',
    '8',
    '--mem-cost',
    '14'
  ]
  const firebase = ['firebase', join(folder, 'firebase.json'), ...scrypt]
  t.match(await run(t, command, database.settings, firebase).ended, { code: 0, stdout: /A dry run/ })
})

test('users of a file are imported, and exported with their hashes', async (t) => {
  const database = await cloneTemplate()
  t.teardown(database.remove)
  const csv = join(t.testdir(), 'users.csv')
  writeFileSync(csv, `email,password_hash\nann@example.com,$2a$10$${'a'.repeat(21)}u${'b'.repeat(30)}u\n`)
  t.match(await run(t, command, database.settings, ['csv', csv, '--write']).ended, {
    code: 0,
    stdout: /Done:\n +1 +imported\n/
  })
  const leave = 'src/commands/export.ts'
  const exported = await run(t, leave, database.settings, ['users', '--with-hashes']).ended
  t.match(JSON.parse(exported.stdout), {
    email: 'ann@example.com',
    password_hash: /^\$2a\$10\$/,
    password_algorithm: 'bcrypt'
  })
  t.notMatch((await run(t, leave, database.settings, ['users']).ended).stdout, /hash/)
  const audit = await run(t, 'src/commands/audit.ts', database.settings, ['export']).ended
  t.match(
    audit.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line)),
    [
      { event: 'users.imported', actor: 'command', user_agent: /^command line of /, user_id: null, reason: 'from csv' },
      { event: 'users.exported', reason: 'with password hashes' },
      { event: 'users.exported', reason: 'without password hashes' }
    ]
  )
  for (const args of [[], ['tasks'], ['users', '--all']])
    t.match(await run(t, leave, database.settings, args).ended, { code: 2, stderr: /^Usage: / })
  const away = { ...database.settings, DATABASE_URL: nowhere }
  t.match(await run(t, leave, away, ['users']).ended, { code: 1, stderr: /^Not exported: / })
})
