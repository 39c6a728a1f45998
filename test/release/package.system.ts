import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t, { type Test } from 'tap'
import { packAll } from '../../packages/release/pack.ts'
import { repository, service } from '../../packages/release/packages.ts'
import { until } from '../helpers/wait.ts'
import '../helpers/without-database.ts'

const folder = await mkdtemp(join(tmpdir(), 'gatehouse_package_'))
t.teardown(() => rm(folder, { recursive: true, force: true }))

/** What this process inherits from tap, npm and CI is not what a user has. */
const env = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !/^(NODE_|TAP|_TAPJS|npm_|DATABASE_URL|TEST_)/i.test(name))
)
// tap adds its hooks to the environment of every process.
const withoutHooks = ['-u', 'NODE_OPTIONS']
const run = (cwd: string, ...args: string[]) => promisify(execFile)('env', [...withoutHooks, ...args], { cwd, env })
const bin = join(folder, 'node_modules/.bin/gatehouse-server')

/** A route in TypeScript that Node.js runs as it is. */
const program = `import { answer, defineProduct, type Routes, start, Type } from '@gatehouse/server'

const schema = { operationId: 'getGreeting', tags: ['greetings'], summary: 'Greets', description: 'You.',
  response: { 200: answer('A greeting', Type.Object({ text: Type.String({ description: 'What it says' }) })) } }
const greetings: Routes = async (app) => {
  app.get('', { schema }, async ({ user }) => {
    const email: string = user.email
    return { text: \`Hello \${email}\` }
  })
}

await start(defineProduct({
  api: { title: 'Greetings', tags: { greetings: 'Greetings' } },
  routes: { authenticated: [{ prefix: '/api/greetings', routes: greetings }] },
  migrations: new URL('migrations', import.meta.url)
}))
`
const migration = `import type { Kysely } from '@gatehouse/server'

export const up = (db: Kysely<unknown>) => db.schema.createTable('greetings').addColumn('id', 'integer').execute()
`

const settings = { PORT: '0', DATA_DIR: join(folder, 'data'), BCRYPT_COST: '10' }

/** A service in a process, until the test ends. */
async function serve(t: Test, ...args: string[]) {
  const child = spawn('env', [...withoutHooks, process.execPath, ...args], {
    cwd: folder,
    env: { ...env, ...settings },
    stdio: ['ignore', 'pipe', 'pipe']
  })
  t.teardown(() => child.kill('SIGKILL'))
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk) => {
      output += chunk
    })
  const closed = once(child, 'close')
  const [, url = ''] = await until(`a service of ${args.join(' ')}`, () => {
    if (child.exitCode !== null) throw new Error(`It ended: ${output}`)
    return /(http:\/\/127\.0\.0\.1:\d+)(?=.*(curl|"database").*\n)/s.exec(output)
  })
  return {
    url,
    async stop() {
      child.kill('SIGTERM')
      await closed
      return child.exitCode
    }
  }
}

const user = { name: 'Ann', email: 'ann@example.com', password: 'a walk along the river' }

/** Again after a 503: a service on a busy machine refuses requests. */
const ask = (url: string, init?: RequestInit) =>
  until('an answer', async () => {
    const answer = await fetch(url, init)
    return answer.status !== 503 && answer
  })

async function signIn(url: string, path = 'login'): Promise<{ authorization: string }> {
  const { name, ...credentials } = user
  const body = JSON.stringify(path === 'login' ? credentials : { name, ...credentials })
  const headers = { 'content-type': 'application/json' }
  const answer = await ask(`${url}/api/auth/${path}`, { method: 'POST', headers, body })
  const { access_token } = (await answer.json()) as { access_token: string }
  return { authorization: `Bearer ${access_token}` }
}

t.test('the packed service is small, and complete without the repository', async (t) => {
  await run(repository, process.execPath, 'packages/release/build.ts', service)
  const [packed] = packAll(repository, join(folder, 'packed'), [service])
  t.ok(packed && packed.size < 3_000_000, `${packed?.size} bytes`)
  const files = packed?.files.map(({ path }) => path) ?? []
  for (const file of [
    'README.md',
    'LICENSE',
    'CHANGELOG.md',
    'dist/server/openapi.yaml',
    'dist/server/web/dist/index.html'
  ])
    t.ok(files.includes(file), file)
  t.notOk(
    files.find((path) => /(^|\/)(test|node_modules|\.env|\.gatehouse)(\/|$)|(?<!\.d)\.ts$/.test(path)),
    'no test, no secret, no TypeScript'
  )

  await writeFile(join(folder, 'package.json'), '{ "type": "module", "private": true }')
  const types = `@types/node@${JSON.parse(await readFile(join(repository, 'package.json'), 'utf8')).devDependencies['@types/node']}`
  const quietly = ['--prefer-offline', '--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error']
  await run(folder, 'npm', 'install', packed?.path ?? '', types, ...quietly)
  const { optionalDependencies } = JSON.parse(
    await readFile(join(folder, `node_modules/${service}/package.json`), 'utf8')
  )
  t.equal(optionalDependencies, undefined, 'a project chooses its own Node.js')

  await mkdir(join(folder, 'migrations'))
  await writeFile(join(folder, 'migrations/0001_greetings.ts'), migration)
  await writeFile(join(folder, 'server.ts'), program)
  // Without skipLibCheck: the declarations of the package, and of those that they name, must compile.
  const options = { strict: true, noEmit: true, module: 'nodenext', target: 'es2024', types: ['node'] }
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions: options, include: ['*.ts'] }))
  const compiled = await run(folder, process.execPath, join(repository, 'node_modules/typescript/bin/tsc')).catch(
    (error) => error
  )
  t.equal(compiled.stdout, '')
})

t.test('gatehouse-server serves the API, the web app and the contract', async (t) => {
  const server = await serve(t, bin, 'start')
  const headers = await signIn(server.url, 'register')
  t.match(await (await ask(`${server.url}/api/tasks`, { headers })).json(), { items: [], next_cursor: null })
  t.equal((await ask(`${server.url}/api/tasks`)).status, 401)
  t.match(await (await ask(server.url, { headers: { accept: 'text/html' } })).text(), '<div id="app">')
  t.equal((await ask(`${server.url}/docs`)).status, 200)
  t.match(await (await ask(`${server.url}/health`)).json(), { status: 'ok' })
  t.equal(await server.stop(), 0)
})

t.test('the commands of the bin work on its database', async (t) => {
  const data = `DATA_DIR=${settings.DATA_DIR}`
  const call = (...args: string[]) => run(folder, data, process.execPath, bin, ...args).catch((error) => error)
  t.match(await call('migrate'), { stdout: 'The schema is up to date\n' })
  t.match(await call('users', 'find', user.email), { stdout: /ann@example\.com/ })
  const written = join(folder, 'openapi.yaml')
  await call('openapi', written)
  t.equal(await readFile(written, 'utf8'), await readFile(join(repository, 'openapi.yaml'), 'utf8'))
  t.match(await call('--help'), { stdout: /^Usage: .*migrate/s })
  t.match(await call('grow'), { code: 1, stderr: /grow/ })
})

t.test('a project of its own adds a route and a migration, and keeps the data', async (t) => {
  const server = await serve(t, 'server.ts')
  const headers = await signIn(server.url)
  t.strictSame(await (await ask(`${server.url}/api/greetings`, { headers })).json(), { text: `Hello ${user.email}` })
  t.equal((await ask(`${server.url}/api/greetings`)).status, 401)
  t.equal((await ask(`${server.url}/api/tasks`, { headers })).status, 404, 'it has no tasks')
  t.equal(await server.stop(), 0)
})
