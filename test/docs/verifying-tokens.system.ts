import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process'
import { createHmac } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import pg from 'pg'
import t, { type Test, test } from 'tap'
import { secret, startApp } from '../helpers/app.ts'
import { hostileTokens } from '../helpers/hostile-tokens.ts'
import { pairs, signWith } from '../helpers/keys.ts'
import { ourClaims, ourToken, segment } from '../helpers/mint.ts'
import { unusedPort } from '../helpers/ports.ts'
import { startPostgres, untilListening, withoutPostgres } from '../helpers/servers.ts'
import { headerOf, privateKeyOf, signPart, startSigning } from '../helpers/signing.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
const page = await readFile(join(root, 'docs/verifying-tokens.md'), 'utf8')

/** The page's blocks by the name in their first line. */
const blocks = new Map(
  [...page.matchAll(/^```\w+\n((?:\/\/|#|--) ([\w.-]+)\n.*?)```/gms)].map(([, text = '', name = '']) => [name, text])
)

/** In the repository, so that its packages are found. */
const folder = await mkdtemp(join(root, 'web/report-'))
t.teardown(() => rm(folder, { recursive: true, force: true }))

const issuer = 'https://auth.example.com'

/** A block with the addresses of this test. */
async function write(name: string, places: Record<string, string>): Promise<string> {
  let text = blocks.get(name) ?? ''
  for (const [place, value] of Object.entries(places)) {
    if (!text.includes(place)) throw new Error(`${name} has no ${place}`)
    text = text.replaceAll(place, value)
  }
  const path = join(folder, name)
  await writeFile(path, text)
  return path
}

const { env } = process
// tap adds its hooks to the environment of every process.
const withoutHooks = ['-u', 'NODE_OPTIONS']
const run = (cwd: string, ...args: string[]) => promisify(execFile)('env', [...withoutHooks, ...args], { cwd, env })

async function start(t: Test, command: string, args: string[], port: number): Promise<void> {
  const child: ChildProcess = spawn('env', [...withoutHooks, command, ...args], {
    cwd: folder,
    env,
    stdio: ['ignore', 'inherit', 'inherit']
  })
  t.teardown(() => child.kill('SIGKILL'))
  await untilListening(port, child)
}

/** Gatehouse with a key of its own, which signs already, and a user. */
async function startGatehouse(t: Test, algorithm: 'EdDSA' | 'ES256') {
  const gatehouse = await startSigning(t, algorithm, { settings: { JWT_ISSUER: issuer } })
  const ann = await gatehouse.signUp()
  const url = await gatehouse.app.listen({ port: 0, host: '127.0.0.1' })
  const jwksUrl = `${url}/.well-known/jwks.json`
  const { keys } = (await (await fetch(jwksUrl)).json()) as { keys: { kid: string }[] }
  const header: { alg: typeof algorithm; kid: string } = headerOf(ann.token)
  t.equal(header.alg, algorithm)
  const key = await privateKeyOf(gatehouse.app.db, gatehouse.config, header.kid)
  /** Signed by the key of the service. */
  const sign = (claims: object, more: object = {}) =>
    signPart({ ...header, ...more }, ourClaims({ iss: issuer, ...claims }), key)
  return { ...gatehouse, ann, url, jwksUrl, keys, header, sign }
}

type Gatehouse = Awaited<ReturnType<typeof startGatehouse>>

/** Tokens that look like this one, and must not pass. */
function forgeries({ ann: { token }, keys, header, sign }: Gatehouse): Record<string, string | undefined> {
  const [head = '', payload = '', signature = ''] = token.split('.')
  const claims = { ...ourClaims(), iss: issuer }
  const { alg } = header
  const hmac = `${segment({ ...header, alg: 'HS256' })}.${payload}`
  return {
    'no token': undefined,
    'not a token': 'x',
    'another payload': `${head}.${segment({ ...claims, sub: crypto.randomUUID() })}.${signature}`,
    'alg none': `${segment({ ...header, alg: 'none' })}.${payload}.`,
    'another key of that kid': signWith(alg, pairs[alg], header, claims),
    'an unknown kid': signWith(alg, pairs[alg], { ...header, kid: 'x' }, claims),
    'for another audience': sign({ aud: 'billing' }),
    'of another issuer': sign({ iss: 'gatehouse' }),
    expired: sign({ iat: 5, exp: 6 }),
    'without exp': sign({ exp: undefined }),
    'not an access token': sign({}, { typ: 'JWT' }),
    'HS256 by the public key': `${hmac}.${createHmac('sha256', JSON.stringify(keys[0])).update(hmac).digest('base64url')}`
  }
}

async function ask(port: number, token: string | undefined) {
  const answer = await fetch(`http://127.0.0.1:${port}/`, {
    headers: token ? { authorization: `Bearer ${token}` } : {}
  })
  return { status: answer.status, challenge: answer.headers.get('www-authenticate'), body: await answer.text() }
}

/** Checks a service that answers with the user. */
async function check(t: Test, port: number, gatehouse: Gatehouse) {
  const { ann } = gatehouse
  const right = await ask(port, ann.token)
  t.equal(right.status, 200, right.body)
  t.match(right.body, ann.id)
  t.equal((await ask(port, gatehouse.sign({}))).status, 200)
  for (const [name, token] of Object.entries(forgeries(gatehouse))) {
    const { status, challenge } = await ask(port, token)
    t.equal(status, 401, name)
    t.match(challenge, /^Bearer/, name)
  }
}

const listening = (port: number) => ({ 'listen({ port: 3000 })': `listen({ port: ${port}, host: '127.0.0.1' })` })

const has = (command: string, ...args: string[]) => {
  try {
    execFileSync(command, args, { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}
const path = `${env.PATH}:/usr/sbin`
const find = (name: string) =>
  path
    .split(':')
    .map((dir) => join(dir, name))
    .find((file) => existsSync(file))
const python = ['/usr/bin/python3', 'python3'].find((command) => has(command, '-c', 'import jwt, cryptography'))
const needs = (name: string) => (find(name) ? false : `needs ${name} (apt-get install ${name})`)

test('the page has the program or the statements of each way to verify a token', (t) => {
  t.strictSame(
    [...blocks.keys()],
    [
      'guard.js',
      'jose.js',
      'fastify-jwt.js',
      'service.py',
      'pem.js',
      'haproxy.cfg',
      'nginx.conf',
      'rows.sql',
      'request.sql',
      'hs256.sql'
    ]
  )
  t.end()
})

/** How each service listens and fetches keys. */
const services: Record<string, { command: string | undefined; places: (port: number) => Record<string, string> }> = {
  'guard.js': { command: process.execPath, places: listening },
  'jose.js': { command: process.execPath, places: (port) => ({ 'listen(3000)': `listen(${port}, '127.0.0.1')` }) },
  'fastify-jwt.js': { command: process.execPath, places: listening },
  'service.py': { command: python, places: (port) => ({ '3000': String(port) }) }
}

for (const algorithm of ['EdDSA', 'ES256'] as const)
  test(`services verify ${algorithm}`, async (t) => {
    const gatehouse = await startGatehouse(t, algorithm)
    // The link of the workspace leads to what is built.
    await run(root, process.execPath, 'packages/release/build.ts', '@gatehouse/guard')
    for (const [name, { command, places }] of Object.entries(services))
      await t.test(name, { skip: !command && 'needs python3-jwt and python3-cryptography' }, async (t) => {
        const keys =
          name === 'fastify-jwt.js'
            ? { "domain: 'https://auth.example.com'": `domain: '${gatehouse.url}'` }
            : { [`${issuer}/.well-known/jwks.json`]: gatehouse.jwksUrl }
        const port = await unusedPort()
        await start(t, command ?? '', [await write(name, { ...keys, ...places(port) })], port)
        await check(t, port, gatehouse)
      })
  })

/** A service that trusts the proxy in front of it. */
async function startBackend(t: Test): Promise<number> {
  const server = createServer(({ headers }, response) =>
    response.end(JSON.stringify({ user: headers['x-user'] ?? headers.authorization }))
  )
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => server.close())
  return (server.address() as AddressInfo).port
}

test('HAProxy verifies ES256', { skip: needs('haproxy') }, async (t) => {
  const gatehouse = await startGatehouse(t, 'ES256')
  await run(folder, process.execPath, await write('pem.js', { [`${issuer}/.well-known/jwks.json`]: gatehouse.jwksUrl }))
  const { kid } = gatehouse.header
  t.ok((await readdir(folder)).includes(`${kid}.pem`))
  const [port, backend] = [await unusedPort(), await startBackend(t)]
  const places = {
    '127.0.0.1:8080': `127.0.0.1:${port}`,
    '127.0.0.1:3000': `127.0.0.1:${backend}`,
    '/etc/haproxy/gatehouse.pem': join(folder, `${kid}.pem`)
  }
  await start(t, find('haproxy') ?? '', ['-f', await write('haproxy.cfg', places)], port)
  await check(t, port, gatehouse)
})

test('nginx asks Gatehouse, which knows of a logout at once', { skip: needs('nginx') }, async (t) => {
  const gatehouse = await startGatehouse(t, 'EdDSA')
  const [port, backend] = [await unusedPort(), await startBackend(t)]
  const file = await write('nginx.conf', {
    '127.0.0.1:8080': `127.0.0.1:${port}`,
    '127.0.0.1:3000': `127.0.0.1:${backend}`,
    'http://127.0.0.1:8000': gatehouse.url
  })
  // One process, because a worker outlives a master that is killed.
  const settings = `daemon off; master_process off; error_log stderr; pid ${folder}/nginx.pid;`
  await start(t, find('nginx') ?? '', ['-e', 'stderr', '-c', file, '-p', folder, '-g', settings], port)
  const { ann } = gatehouse
  t.equal((await ask(port, ann.token)).status, 200)
  for (const [name, token] of Object.entries(forgeries(gatehouse))) t.equal((await ask(port, token)).status, 401, name)
  await ann.post('/api/auth/logout')
  t.equal((await ask(port, ann.token)).status, 401)
})

test('PostgreSQL limits each user to their rows, and verifies HS256 alone', { skip: withoutPostgres }, async (t) => {
  const { signUp } = await startApp(t, { settings: { JWT_ISSUER: issuer } })
  const { token, id } = await signUp()
  const { url, remove } = await startPostgres()
  t.teardown(remove)
  const client = new pg.Client(url)
  await client.connect()
  t.teardown(() => client.end())
  const query = (name: string) => client.query(blocks.get(name) ?? '')

  await query('rows.sql')
  await client.query('create role service; grant all on invoices to service; set role service')
  await query('request.sql')
  await client.query(
    `begin; select set_config('gatehouse.user_id', '${id}', true); insert into invoices (title) values ('hers')`
  )
  t.strictSame((await client.query('select title from invoices')).rows, [{ title: 'hers' }])
  await t.rejects(
    client.query("insert into invoices (owner, title) values ('0193aaaa-0000-7000-8000-00000000000a', 'x')"),
    {
      code: '42501'
    }
  )
  await client.query('rollback')
  t.strictSame((await client.query('select title from invoices')).rows, [], 'without a user')
  await client.query('reset role')

  await query('hs256.sql')
  await client.query('insert into gatehouse_secret values ($1)', [secret])
  await client.query('set role service')
  const claimsOf = async (text: string) =>
    (await client.query('select gatehouse_claims($1) as claims', [text])).rows[0].claims
  t.match(await claimsOf(token), { sub: id, iss: issuer })
  await t.rejects(client.query('select * from gatehouse_secret'), { code: '42501' })
  t.ok(await claimsOf(ourToken({ iss: issuer })))
  for (const [name, changes] of Object.entries({
    audience: { aud: 'billing' },
    'a list': { aud: ['gatehouse'] },
    issuer: { iss: 'gatehouse' },
    expired: { exp: 5 },
    'exp as text': { exp: '99999999999' },
    'no exp': { exp: undefined },
    'sub a number': { sub: 1 }
  }))
    t.equal(await claimsOf(ourToken({ iss: issuer, ...changes })), null, name)
  for (const header of [{ typ: 'JWT' }, { alg: 'none' }, { crit: ['exp'] }])
    t.equal(await claimsOf(ourToken({ iss: issuer }, header)), null, JSON.stringify(header))
  for (const [name, text] of Object.entries(hostileTokens))
    if (!text.includes('\0')) t.equal(await claimsOf(text), null, name)
})
