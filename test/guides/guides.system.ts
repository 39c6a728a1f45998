import { execFile } from 'node:child_process'
import { globSync, statSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { hash } from '@node-rs/bcrypt'
import t, { test } from 'tap'
import { typeGuide } from '../helpers/guide.ts'
import { unusedPort } from '../helpers/ports.ts'
import { packages, startRegistry } from '../helpers/registry.ts'
import { startPostgres, withoutPostgres } from '../helpers/servers.ts'
import { onServer } from '../helpers/template.ts'
import '../helpers/without-database.ts'

/** When the newest of these files was written. */
const written = (...patterns: string[]) => Math.max(0, ...globSync(patterns).map((file) => statSync(file).mtimeMs))

/** Compiles the service, unless a test before this one did. */
async function build(): Promise<void> {
  const sources = ['src', 'plugins', 'routes', 'schemas', 'migrations'].map((folder) => `${folder}/**/*.{ts,js}`)
  if (
    written('dist/server/src/index.js') <
    written(...sources, 'web/index.html', 'web/src/**/*.{ts,tsx}', 'openapi.yaml', 'package.json')
  )
    // Without tap's hooks.
    await promisify(execFile)('env', [
      '-u',
      'NODE_OPTIONS',
      process.execPath,
      'packages/release/build.ts',
      '@gatehouse/server'
    ])
}

// Each guide has its own time.
t.setTimeout(0)
const timeout = 240_000

const registry = await startRegistry(t)
await build()
for (const { path } of packages(t.testdir(), ['@gatehouse/server'])) await registry.publish(path)
// Commands on the embedded database take two seconds each, and a project's tests seven seconds of CPU time.
const postgres = withoutPostgres ? undefined : await startPostgres()
t.teardown(() => postgres?.remove())

const machine = await mkdtemp(join(tmpdir(), 'gatehouse_guides_'))
t.teardown(() => rm(machine, { recursive: true, force: true }))

/**
 * A folder with an `npm` that is the real one, except that the packages that it installed for the first guide are there already
 * for the next ones: to install the same packages again takes a third of the CPU time of this file, and shows nothing new.
 */
async function shareInstalled(): Promise<string> {
  const { stdout } = await promisify(execFile)('which', ['npm'])
  const bin = join(machine, 'bin')
  await mkdir(bin)
  await writeFile(
    join(bin, 'npm'),
    `#!/bin/sh -e
[ "$*" = 'install @gatehouse/server' ] || exec '${stdout.trim()}' "$@"
installed='${machine}/installed'
[ ! -e "$installed" ] || cp -al "$installed/." .
'${stdout.trim()}' "$@"
[ -e "$installed" ] || { mkdir "$installed.new" && cp -al node_modules package-lock.json "$installed.new" && mv "$installed.new" "$installed"; }
`,
    { mode: 0o755 }
  )
  return bin
}
const shared = {
  PATH: [await shareInstalled(), dirname(process.execPath), process.env.PATH].join(delimiter),
  NODE_COMPILE_CACHE: join(tmpdir(), 'gatehouse_compiled')
}

/** The variables of a guide, and its port in place of the documented one. */
async function surroundings(name: string, places: Record<string, string> = {}) {
  const port = await unusedPort()
  if (postgres) await onServer(`create database ${name}`, postgres.url)
  const database = postgres && {
    DATABASE_URL: postgres.url.replace(/\w+$/, name),
    TEST_DATABASE_URL: postgres.url
  }
  return {
    places: { ':8000': `:${port}`, ...places },
    env: { ...registry.env, ...database, ...shared, PORT: String(port), BCRYPT_COST: '10' }
  }
}

test('the guide from nothing to a protected resource works as written', { timeout }, async (t) => {
  await typeGuide(t, 'docs/guides/notes.md', await surroundings('notes'))
})

test('the guide to removing tasks works as written', { timeout }, async (t) => {
  await typeGuide(t, 'docs/guides/removing-tasks.md', await surroundings('removing'))
})

test('the guide from Better Auth to Gatehouse behind it works as written', { timeout }, async (t) => {
  const front = { ':3000': `:${await unusedPort()}` }
  await typeGuide(t, 'docs/guides/behind-better-auth.md', await surroundings('behind', front))
})

test('the guide from Supabase Auth works as written', { timeout, skip: withoutPostgres }, async (t) => {
  if (!postgres) return t.fail('there is no PostgreSQL')
  const bcrypt = await hash('correct-horse-7', { cost: 10 })
  await onServer(
    `create schema extensions;
     create schema auth;
     create table auth.users (id uuid primary key default gen_random_uuid(), email text, encrypted_password text,
       email_confirmed_at timestamptz, created_at timestamptz default now(), updated_at timestamptz default now(),
       last_sign_in_at timestamptz, raw_user_meta_data jsonb, banned_until timestamptz, deleted_at timestamptz,
       is_sso_user boolean default false, is_anonymous boolean default false);
     insert into auth.users (email, encrypted_password, email_confirmed_at, raw_user_meta_data, banned_until) values
       ('ann@example.com', '${bcrypt}', now(), '{"name":"Ann"}', null),
       ('ben@example.com', '${bcrypt}', now(), '{"name":"Ben"}', now() + interval '1 year'),
       ('eve@example.com', null, now(), '{"name":"Eve"}', null)`,
    postgres.url
  )
  const project = { 'postgres://postgres:password@db.example.supabase.co:5432/postgres': postgres.url }
  await typeGuide(t, 'docs/guides/from-supabase.md', await surroundings('moved', project))
})
