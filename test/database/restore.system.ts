import { execFile } from 'node:child_process'
import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { sql } from 'kysely'
import { type Test, test } from 'tap'
import { buildApp } from '../../src/app.ts'
import { loadConfig } from '../../src/config/config.ts'
import { tasks } from '../../src/product/tasks.ts'
import { caller, password, secret, startApp } from '../helpers/app.ts'
import { captureLog } from '../helpers/log.ts'
import { postgresPrograms } from '../helpers/servers.ts'
import { cloneTemplate, onServer, server, urlOf } from '../helpers/template.ts'

const run = promisify(execFile)
const program = (name: string) => join(postgresPrograms ?? '', name)
const email = 'ann@example.com'

/** A user with a task, and one who has logged out. */
async function populate({ app, signUp }: Awaited<ReturnType<typeof startApp>>) {
  const ann = await signUp(email)
  const task = (await ann.post('/api/tasks', { title: 'kept' })).json()
  const again = (await caller(app).post('/api/auth/login', { email, password })).json()
  await caller(app, again.access_token).post('/api/auth/logout')
  return { ann, task, ended: again.access_token as string }
}

/** Starts the service on the restored data. */
async function startOn(t: Test, settings: Record<string, string>) {
  const { log } = captureLog()
  const environment = { BETTER_AUTH_SECRET: secret, BCRYPT_COST: '10', RATE_LIMIT_ENABLED: 'false', ...settings }
  const app = await buildApp({ ...tasks, config: loadConfig(environment, [], tasks.settings), log })
  t.teardown(() => app.close())
  await app.ready()
  await app.revocations.catchUp()
  return app
}

/** Checks what docs/operations.md promises of a restored database: all data exist, and revoked tokens stay revoked. */
async function holds(
  t: Test,
  app: Awaited<ReturnType<typeof startOn>>,
  { ann, task, ended }: Awaited<ReturnType<typeof populate>>
) {
  t.strictSame((await caller(app, ann.token).get(`/api/tasks/${task.id}`)).json(), task)
  t.equal((await caller(app, ended).get('/api/auth/me')).json().code, 'token_revoked')
  const { access_token } = (await caller(app).post('/api/auth/login', { email, password })).json()
  await caller(app, access_token).post('/api/auth/logout')
  t.equal((await caller(app, access_token).get('/api/auth/me')).json().code, 'token_revoked', 'the triggers are there')
  await sql`delete from sessions`.execute(app.db)
  await app.revocations.catchUp()
  t.equal((await caller(app, ann.token).get('/api/auth/me')).json().code, 'token_revoked', 'everybody is logged out')
}

test('pg_dump and pg_restore keep all data', {
  skip: !(server && postgresPrograms) && 'needs PostgreSQL'
}, async (t) => {
  const service = await startApp(t)
  const before = await populate(service)
  const folder = await mkdtemp(join(tmpdir(), 'gatehouse_backup_'))
  const restored = `gatehouse_restored_${process.pid}`
  t.teardown(async () => {
    await rm(folder, { recursive: true })
    await onServer(`drop database if exists ${restored} with (force)`)
  })
  const file = join(folder, 'backup')
  await run(program('pg_dump'), ['--format=custom', `--file=${file}`, `--dbname=${service.config.directUrl}`])
  await onServer(`create database ${restored}`)
  await run(program('pg_restore'), [
    '--exit-on-error',
    '--no-owner',
    '--single-transaction',
    `--dbname=${urlOf(restored)}`,
    file
  ])
  // As docs/operations.md says; otherwise every process reads all restored revocations every second.
  await onServer('update revocations set xid = default', urlOf(restored))
  await holds(t, await startOn(t, { DATABASE_URL: urlOf(restored) }), before)
})

test('a copy of the data directory keeps all data', {
  skip: server !== undefined && 'needs the embedded database'
}, async (t) => {
  const { settings, remove } = await cloneTemplate()
  t.teardown(remove)
  const service = await startApp(t, { settings })
  const before = await populate(service)
  await service.app.close()
  const copy = await mkdtemp(join(tmpdir(), 'gatehouse_backup_'))
  t.teardown(() => rm(copy, { recursive: true, force: true }))
  await cp(service.config.dataDir, copy, { recursive: true })
  await holds(t, await startOn(t, { DATA_DIR: copy }), before)
})
