import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'tap'
import { parse } from 'yaml'
import { end, known, read, root, seconds, share } from '../helpers/deploy.ts'
import { product } from '../helpers/sources.ts'
import '../helpers/without-database.ts'

const dockerfile = read('Dockerfile')
const copies = [...dockerfile.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, from = '']) => from.split(' '))
const copied = [...new Set(copies)]
const compose = parse(read('deploy/compose.yaml'), { merge: true })
const unit = read('deploy/systemd/gatehouse.service')

test('the image contains exactly what the service imports', (t) => {
  const needed = new Set(product.map(({ file }) => file.split('/')[0]))
  // Of other services.
  needed.delete('packages')
  for (const folder of needed) t.ok(copied.includes(`${folder}`), `${folder} is copied`)
  const [everything, ...exceptions] = read('.dockerignore')
    .split('\n')
    .filter((line) => line && !line.startsWith('#'))
  t.equal(everything, '*')
  t.strictSame(exceptions.map((line) => line.slice(1)).sort(), copied.sort())
  for (const file of copied) t.ok(existsSync(join(root, file)), file)
  t.end()
})

test('the image contains the web app, built from its sources, or the build fails', (t) => {
  const [, parts = ''] = /^const parts = \[(.*)\]$/m.exec(read('web/build.ts')) ?? []
  t.ok(parts.includes("'src'"))
  for (const [, part] of parts.matchAll(/'(\S+)'/g)) t.ok(copied.includes(`web/${part}`), `web/${part} is copied`)
  t.match(dockerfile, /^RUN node web\/build\.ts && test -f web\/dist\/index\.html$/m)
  t.match(dockerfile, /^COPY --from=front \/app\/web\/dist web\/dist$/m)
  t.end()
})

test('the image contains dependencies without development dependencies', (t) => {
  const { dependencies, devDependencies } = JSON.parse(read('package.json'))
  for (const { file, imports } of product)
    for (const { target, typeOnly } of imports) {
      const name = /^(@[^/]+\/)?[^/]+/.exec(target)?.[0] ?? ''
      if (name in devDependencies) t.ok(typeOnly, `${file} imports ${name}, which is not in the image`)
    }
  t.ok('fastify' in dependencies)
  t.end()
})

test("the image is pinned to the tests' Node.js, runs without root, and has a health check", (t) => {
  const version = JSON.parse(read('package-lock.json')).packages['node_modules/node'].version
  const bases = [...dockerfile.matchAll(/^FROM (\S+)/gm)].map(([, image]) => image)
  t.ok(bases.length > 1)
  for (const base of bases) t.equal(base, `node:${version}-bookworm-slim`)
  t.match(dockerfile, /^USER (?!0|root)\d+:\d+$/m)
  t.match(dockerfile, /^HEALTHCHECK .*\\\n {2}CMD \["node".*\/health\/live/m)
  t.match(dockerfile, /^ENTRYPOINT \["node", "src\/start\.js"\]$/m)
  t.notMatch(dockerfile, /SECRET|PASSWORD|^ADD /im)
  t.end()
})

test('compose: two restricted processes behind a load balancer; secrets come from outside', (t) => {
  const { gatehouse, balancer, database, limits } = compose.services
  t.equal(gatehouse.deploy.replicas, 2)
  for (const service of [gatehouse, balancer, limits])
    t.match(service, { read_only: true, cap_drop: ['ALL'], security_opt: ['no-new-privileges:true'] })
  t.notOk(gatehouse.ports, 'only the balancer is reached from outside')
  t.ok(seconds(gatehouse.stop_grace_period) > seconds(gatehouse.environment.DRAIN_DELAY) + end)
  for (const name of Object.keys(gatehouse.environment)) t.ok(known.has(name), name)
  t.equal(database.volumes.length, 1)
  t.match(gatehouse.environment.BETTER_AUTH_SECRET, /^\$\{BETTER_AUTH_SECRET:\?/)
  for (const service of [balancer, database, limits]) t.match(service.image, /:\d[\d.]*-alpine$/, 'pinned')
  t.end()
})

const installed = (file: string) => !existsSync(file) && `needs ${file}`

test('HAProxy accepts its configuration', { skip: installed('/usr/sbin/haproxy') }, (t) => {
  const env = { BACKEND: 'gatehouse:8000', RESOLVER: '127.0.0.11:53' }
  t.strictSame(Object.keys(compose.services.balancer.environment).sort(), Object.keys(env))
  execFileSync('/usr/sbin/haproxy', ['-c', '-q', '-f', join(root, 'deploy/haproxy/haproxy.cfg')], { env })
  t.end()
})

test('HAProxy removes headers of clients that it sets itself', (t) => {
  const lines = read('deploy/haproxy/haproxy.cfg').split('\n')
  for (const line of ['set-header X-Forwarded-For %[src]', 'del-header X-Forwarded-Host', 'del-header X-Request-Id'])
    t.ok(lines.includes(`  http-request ${line}`), line)
  t.ok(lines.includes('  unique-id-header X-Request-Id'))
  t.end()
})

test('the systemd unit restarts always, waits for the end, and is sandboxed', (t) => {
  for (const line of [
    'Restart=always',
    'DynamicUser=yes',
    'ProtectSystem=strict',
    'NoNewPrivileges=yes',
    'CapabilityBoundingSet='
  ])
    t.ok(unit.split('\n').includes(line), line)
  const [, drain = ''] = /DRAIN_DELAY=(\S+)/.exec(unit) ?? []
  t.ok(seconds(/^TimeoutStopSec=(\S+)$/m.exec(unit)?.[1] ?? '') > seconds(drain) + end)
  const [, workers = 1] = /\bWORKERS=(\d+)/.exec(unit.replaceAll(/^#.*$/gm, '')) ?? []
  t.ok(Number(/^MemoryMax=(\d+)G$/m.exec(unit)?.[1]) * 1024 >= Number(workers) * share, 'memory for each worker')
  t.end()
})

test('systemd accepts the unit', { skip: installed('/usr/bin/systemd-analyze') || installed('/usr/bin/node') }, (t) => {
  const unit = join(root, 'deploy/systemd/gatehouse.service')
  t.doesNotThrow(() => execFileSync('/usr/bin/systemd-analyze', ['verify', unit], { stdio: 'pipe' }))
  t.end()
})
