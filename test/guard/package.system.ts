import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { test } from 'tap'
import '../helpers/without-database.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
const path = [join(root, 'node_modules/.bin'), dirname(process.execPath), process.env.PATH].join(':')

// tap adds its hooks to the environment of every process.
const run = (cwd: string, command: string, ...args: string[]) =>
  promisify(execFile)('env', ['-u', 'NODE_OPTIONS', command, ...args], { cwd, env: { ...process.env, PATH: path } })

const script = `
import { createServer } from 'node:http'
import { guard } from '@gatehouse/guard'
import Fastify from 'fastify'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'

const { publicKey, privateKey } = await generateKeyPair('EdDSA')
const keys = [{ ...(await exportJWK(publicKey)), kid: 'k' }]
const server = createServer((_, response) => response.end(JSON.stringify({ keys }))).listen(0, '127.0.0.1')
await new Promise((resolve) => server.once('listening', resolve))

const app = Fastify()
await app.register(guard, {
  issuer: 'gatehouse',
  audience: 'gatehouse',
  jwksUrl: 'http://127.0.0.1:' + server.address().port
})
app.get('/me', { onRequest: app.authenticate }, async ({ user }) => user.email)

const id = crypto.randomUUID()
const token = await new SignJWT({ email: 'ann@example.com', sid: id, jti: id })
  .setProtectedHeader({ alg: 'EdDSA', typ: 'at+jwt', kid: 'k' })
  .setIssuer('gatehouse').setAudience('gatehouse').setSubject(id).setIssuedAt().setExpirationTime('1m')
  .sign(privateKey)
const call = (authorization) => app.inject({ url: '/me', headers: { authorization } })
const answers = [await call('Bearer ' + token), await call('Bearer ' + token.slice(0, -9)), await app.inject('/me')]
console.log(answers.map(({ statusCode, body }) => statusCode === 200 ? body : statusCode).join(' '))
await app.close()
server.close()
`

const typed = `
import guard, { type GatehouseUser, type GuardOptions, Refusal } from '@gatehouse/guard'
import Fastify, { type FastifyInstance } from 'fastify'

const options: GuardOptions = { issuer: 'https://auth.example.com', audience: 'billing', algorithms: ['ES256'] }

export async function build(): Promise<FastifyInstance> {
  const app = Fastify()
  await app.register(guard, options)
  // @ts-expect-error
  await app.register(guard, { issuer: 'https://auth.example.com' })
  app.register(async (scope) => {
    scope.requireUser()
    scope.get('/me', async ({ user }) => {
      const { id, amr, emailVerified }: GatehouseUser = user
      // @ts-expect-error
      user.id = 'x'
      return { id: id.toUpperCase(), amr: amr.join(), emailVerified: emailVerified === true }
    })
  })
  const user: GatehouseUser | undefined = await app.guard.verify('x').catch((error) => {
    if (error instanceof Refusal) return undefined
    throw error
  })
  console.log(user?.authTime)
  return app
}
`

test('the packed package is installed and used from JavaScript and TypeScript', { timeout: 480_000 }, async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'gatehouse_guard_'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  await run(root, 'npm', 'pack', '--workspace', '@gatehouse/guard', '--pack-destination', folder)
  const [tarball = ''] = await readdir(folder)
  const project = join(folder, 'project')
  await mkdir(project)
  await writeFile(join(project, 'package.json'), '{"type":"module","private":true}')
  const packages = [join(folder, tarball), 'fastify@5', '@types/node@24']
  await run(project, 'npm', 'install', '--prefer-offline', '--no-audit', '--no-fund', ...packages)

  const installed = join(project, 'node_modules/@gatehouse/guard')
  t.strictSame((await readdir(installed)).sort(), ['README.md', 'dist', 'package.json', 'src'])
  const map = JSON.parse(await readFile(join(installed, 'dist/guard.js.map'), 'utf8'))
  t.ok(existsSync(join(installed, 'dist', map.sources[0])), 'source maps lead to the sources')

  await writeFile(join(project, 'service.js'), script)
  const { stdout } = await run(project, process.execPath, 'service.js')
  t.equal(stdout.trim(), 'ann@example.com 401 401')

  await writeFile(join(project, 'service.ts'), typed)
  const options = ['--strict', '--module', 'nodenext', '--target', 'es2022', '--noEmit', '--types', 'node']
  const compilers = ['node_modules/typescript', 'web/client/node_modules/typescript'].map((name) => join(root, name))
  for (const compiler of compilers.filter((name) => existsSync(name)))
    await run(project, process.execPath, join(compiler, 'bin/tsc'), ...options, 'service.ts').catch(({ stdout }) =>
      t.fail(`${compiler}: ${stdout}`)
    )
})
