import { execFile } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import pacote from 'pacote'
import t, { test } from 'tap'
import { parse } from 'yaml'
import { listening, openMachine } from '../helpers/machine.ts'
import { until } from '../helpers/wait.ts'
import '../helpers/without-database.ts'

const execute = promisify(execFile)

// Each command has its own time.
t.setTimeout(0)

/** A migration of a later release of Gatehouse. */
const ofOurs = `import { sql } from 'kysely'
export const up = (db) => sql\`create table gatehouse_next (id integer)\`.execute(db)
export const down = (db) => sql\`drop table gatehouse_next\`.execute(db)
`

/** A migration that the project adds meanwhile. */
const ofTheirs = `import type { Kysely } from '@gatehouse/server'

export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema.alterTable('notes').addColumn('pinned', 'boolean', (column) => column.notNull().defaultTo(false)).execute()
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await db.schema.alterTable('notes').dropColumn('pinned').execute()
}
`

/** The next release of the service: the same with one more migration. */
async function packNext(folder: string, tarball: string): Promise<string> {
  const next = join(folder, 'next')
  await pacote.extract(`file:${tarball}`, next)
  const manifest = JSON.parse(await readFile(join(next, 'package.json'), 'utf8'))
  const version = manifest.version.replace(/\d+$/, (patch: string) => Number(patch) + 1)
  await writeFile(join(next, 'package.json'), JSON.stringify({ ...manifest, version }))
  await writeFile(join(next, 'dist/server/migrations/9999_next.js'), ofOurs)
  const { stdout } = await execute('npm', ['pack', next, '--json', '--ignore-scripts', '--pack-destination', folder])
  return join(folder, JSON.parse(stdout)[0].filename)
}

/** Calls of a service. Again after a 503: the service refuses while the machine is busy. */
const callerOf =
  (url: string) =>
  (path: string, { token, body }: { token?: string; body?: object } = {}) =>
    until(`an answer of ${path}`, async () => {
      const answer = await fetch(`${url}${path}`, {
        ...(body && { method: 'POST', body: JSON.stringify(body) }),
        headers: {
          ...(token && { authorization: `Bearer ${token}` }),
          ...(body && { 'content-type': 'application/json' })
        }
      })
      return answer.status !== 503 && answer
    })

/** The commands of the project's CI, each once, except those that need Docker. */
async function commandsOfCi(project: string): Promise<string[]> {
  const { jobs } = parse(await readFile(join(project, '.github/workflows/ci.yml'), 'utf8'))
  const commands: string[] = jobs.test.steps.flatMap(({ run }: { run?: string }) => run ?? [])
  return [...new Set(commands)].filter((command) => !command.startsWith('docker '))
}

test('a project is created, tested, started and upgraded where there are only Node.js and npm', async (t) => {
  const { folder, registry, tarballs, run, serve } = await openMachine(t)
  const said = await run(
    { cwd: folder },
    'npm',
    'create',
    '--yes',
    'gatehouse@latest',
    'my-shop',
    '--',
    '--web',
    'vite'
  )
  t.match(said, /^my-shop: \d+ files in/m)
  const project = { cwd: join(folder, 'my-shop') }
  await run(project, 'npm', 'install')
  const commands = await commandsOfCi(project.cwd)
  t.strictSame(commands, ['npm ci', 'npm run typecheck', 'npm run build --if-present', 'npm test'])
  // created-vite.browser.ts does the others.
  for (const command of ['npm run typecheck', 'npm test']) {
    const printed = await run({ ...project, env: { CI: 'true' } }, '/bin/sh', '-ec', command)
    if (command === 'npm test') t.match(printed, /^ℹ pass 6\nℹ fail 0$/m)
  }

  const user = { name: 'Ann', email: 'ann@example.com', password: 'correct-horse-7' }
  const before = await serve(project, listening, 'npm', 'start')
  const call = callerOf(before.url)
  t.match(await (await call('/')).text(), /<title>my-shop<\/title>/)
  t.equal((await call('/api/notes')).status, 401)
  t.equal((await call('/api/tasks')).status, 404)
  const { access_token: token } = await (await call('/api/auth/register', { body: user })).json()
  const note = await (await call('/api/notes', { token, body: { text: 'Milk' } })).json()
  t.match(note, { text: 'Milk' })
  await before.stop()

  const server = tarballs.find(({ name }) => name === '@gatehouse/server')
  await registry.publish(await packNext(folder, server?.path ?? ''))
  await writeFile(join(project.cwd, 'migrations/0002_pinned.ts'), ofTheirs)
  await run(project, 'npm', 'install', '@gatehouse/server@latest')
  t.match(await run(project, 'npm', 'run', 'migrate'), 'Applied: 9999_next, product/0002_pinned')
  t.match(await run(project, 'npm', 'run', 'migrate'), 'The schema is up to date')

  const after = await serve(project, listening, 'npm', 'start')
  const callNext = callerOf(after.url)
  const { items } = await (await callNext('/api/notes', { token })).json()
  t.strictSame(items, [note], 'the session and the note are still there')
  const login = await callNext('/api/auth/login', { body: { email: user.email, password: user.password } })
  t.equal(login.status, 200)
  await after.stop()
})
