import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, realpath, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import pacote from 'pacote'
import { type Test, test } from 'tap'
import { packages, startRegistry } from '../helpers/registry.ts'
import { settled, until } from '../helpers/wait.ts'
import '../helpers/without-database.ts'

const execute = promisify(execFile)

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

/** A machine that has only Node.js and npm, which uses the packages of this tree. */
async function openMachine(t: Test) {
  const folder = await mkdtemp(join(tmpdir(), 'gatehouse_machine_'))
  t.teardown(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }))
  const bin = join(folder, 'bin')
  await mkdir(bin)
  await symlink(process.execPath, join(bin, 'node'))
  for (const name of ['npm', 'npx']) {
    const { stdout } = await execute('which', [name])
    await symlink(await realpath(stdout.trim()), join(bin, name))
  }
  const registry = await startRegistry(t)
  const { HOME = '' } = process.env
  const env = {
    ...registry.env,
    HOME,
    PATH: bin,
    npm_config_script_shell: '/bin/sh',
    npm_config_prefer_offline: 'true',
    npm_config_update_notifier: 'false',
    NO_COLOR: '1',
    BCRYPT_COST: '10',
    PORT: '0'
  }
  const run = async (cwd: string, command: string, ...args: string[]) => {
    const child = execute(join(bin, command), args, { cwd, env, maxBuffer: 64 * 1024 * 1024 })
    child.child.stdin?.end()
    return (
      await child.catch(({ stdout, stderr }) => Promise.reject(new Error(`${command} ${args}: ${stdout}${stderr}`)))
    ).stdout
  }

  /** Starts the service of a project until it is stopped. */
  async function serve(cwd: string) {
    const child = spawn(join(bin, 'npm'), ['start'], { cwd, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
    const signal = (name: NodeJS.Signals) => {
      try {
        process.kill(-(child.pid as number), name)
      } catch {} // it has ended
    }
    t.teardown(() => signal('SIGKILL'))
    let output = ''
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk) => {
        output += chunk
      })
    const closed = once(child, 'close')
    const [, url] = await until('npm start', () => {
      if (child.exitCode !== null) throw new Error(`npm start ended: ${output}`)
      return /listens on {2}(http:\S+)[\s\S]*\n$/.exec(output)
    })
    /** Again after a 503: the service refuses while the machine is busy. */
    const call = (path: string, { token, body }: { token?: string; body?: object } = {}) =>
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
    const stop = () => {
      signal('SIGTERM')
      return settled('the end of npm start', closed)
    }
    return { call, stop }
  }
  return { folder, registry, run, serve }
}

test('a project is created, tested, started and upgraded where there are only Node.js and npm', async (t) => {
  if (!existsSync(join(import.meta.dirname, '../../dist/server'))) throw new Error('Run npm run build first')
  const { folder, registry, run, serve } = await openMachine(t)
  const tarballs = packages(join(folder, 'packages'))
  for (const { path } of tarballs) await registry.publish(path)

  const said = await run(folder, 'npm', 'create', '--yes', 'gatehouse@latest', 'my-shop', '--', '--web', 'vite')
  t.match(said, /^my-shop: \d+ files in/m)
  const project = join(folder, 'my-shop')
  await run(project, 'npm', 'install')
  t.match(await run(project, 'npm', 'test'), /^ℹ pass 6\nℹ fail 0$/m)
  await run(project, 'npm', 'run', 'typecheck')

  const user = { name: 'Ann', email: 'ann@example.com', password: 'correct-horse-7' }
  const before = await serve(project)
  t.match(await (await before.call('/')).text(), /<title>my-shop<\/title>/)
  t.equal((await before.call('/api/notes')).status, 401)
  t.equal((await before.call('/api/tasks')).status, 404)
  const { access_token: token } = await (await before.call('/api/auth/register', { body: user })).json()
  const note = await (await before.call('/api/notes', { token, body: { text: 'Milk' } })).json()
  t.match(note, { text: 'Milk' })
  await before.stop()

  const server = tarballs.find(({ name }) => name === '@gatehouse/server')
  await registry.publish(await packNext(folder, server?.path ?? ''))
  await writeFile(join(project, 'migrations/0002_pinned.ts'), ofTheirs)
  await run(project, 'npm', 'install', '@gatehouse/server@latest')
  t.match(await run(project, 'npm', 'run', 'migrate'), 'Applied: 9999_next, product/0002_pinned')
  t.match(await run(project, 'npm', 'run', 'migrate'), 'The schema is up to date')

  const after = await serve(project)
  const { items } = await (await after.call('/api/notes', { token })).json()
  t.strictSame(items, [note], 'the session and the note are still there')
  const login = await after.call('/api/auth/login', { body: { email: user.email, password: user.password } })
  t.equal(login.status, 200)
  await after.stop()
})
