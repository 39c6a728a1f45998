import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'tap'
import { parse, parseAllDocuments } from 'yaml'
import { product } from '../helpers/sources.ts'

const root = join(import.meta.dirname, '../..')
const read = (file: string) => readFileSync(join(root, file), 'utf8')
const seconds = (text: string) => Number(/^(\d+)s$/.exec(text)?.[1] ?? Number.NaN)

/** What a process takes to end: requests in flight have ten seconds, see src/service.ts. */
const end = 10
/** MiB that a process may take: see docs/operations.md, Sizing. */
const share = 512

const dockerfile = read('Dockerfile')
const copies = [...dockerfile.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, from = '']) => from.split(' '))
const copied = [...new Set(copies)]
const compose = parse(read('deploy/compose.yaml'), { merge: true })
const kubernetes = parse(read('deploy/kubernetes/kustomization.yaml'))
const objects = Object.fromEntries(
  kubernetes.resources.flatMap((file: string) =>
    parseAllDocuments(read(`deploy/kubernetes/${file}`)).map((document) => [document.get('kind'), document.toJS()])
  )
)
const unit = read('deploy/systemd/gatehouse.service')

/** The settings that src/config.ts knows, and those of Node. */
const known = new Set([...read('src/config.ts').matchAll(/^ {2}([A-Z][A-Z_]+): /gm)].map(([, name]) => name))

test('the image holds what the service imports, and its context nothing else', (t) => {
  const needed = new Set(product.map(({ file }) => file.split('/')[0]))
  for (const folder of needed) t.ok(copied.includes(`${folder}`), `${folder} is copied`)
  const [everything, ...exceptions] = read('.dockerignore')
    .split('\n')
    .filter((line) => line && !line.startsWith('#'))
  t.equal(everything, '*')
  t.strictSame(exceptions.map((line) => line.slice(1)).sort(), copied.sort())
  for (const file of copied) t.ok(existsSync(join(root, file)), file)
  t.end()
})

test('the image has the web app, built from all that it is built of, or is not built', (t) => {
  const [, parts = ''] = /^const parts = \[(.*)\]$/m.exec(read('web/build.ts')) ?? []
  t.ok(parts.includes("'src'"))
  for (const [, part] of parts.matchAll(/'(\S+)'/g)) t.ok(copied.includes(`web/${part}`), `web/${part} is copied`)
  t.match(dockerfile, /^RUN node web\/build\.ts && test -f web\/dist\/index\.html$/m)
  t.match(dockerfile, /^COPY --from=front \/app\/web\/dist web\/dist$/m)
  t.end()
})

test('the image runs what is a dependency, and none that is for development', (t) => {
  const { dependencies, devDependencies } = JSON.parse(read('package.json'))
  for (const { file, imports } of product)
    for (const { target, typeOnly } of imports) {
      const name = /^(@[^/]+\/)?[^/]+/.exec(target)?.[0] ?? ''
      if (name in devDependencies) t.ok(typeOnly, `${file} imports ${name}, which is not in the image`)
    }
  t.ok('fastify' in dependencies)
  t.end()
})

test('the image is pinned to the Node of the tests, is not root, and tells how it is', (t) => {
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

test('compose: two processes, restricted, behind a balancer; secrets come from outside', (t) => {
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

test('Kubernetes: probes, budget, autoscaling, nothing that a process does not need', (t) => {
  const { Deployment, PodDisruptionBudget, HorizontalPodAutoscaler, NetworkPolicy, ServiceAccount } = objects
  const pod = Deployment.spec.template.spec
  const [container] = pod.containers
  t.equal(container.resources.limits.memory, `${share}Mi`)
  t.match(pod.securityContext, { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } })
  t.match(container.securityContext, {
    readOnlyRootFilesystem: true,
    allowPrivilegeEscalation: false,
    capabilities: { drop: ['ALL'] }
  })
  for (const probe of ['startupProbe', 'livenessProbe']) t.equal(container[probe].httpGet.path, '/health/live')
  t.equal(container.readinessProbe.httpGet.path, '/health/ready')
  const settings = kubernetes.configMapGenerator[0].literals.map((line: string) => line.split('='))
  for (const [name] of settings) t.ok(known.has(name), name)
  const { DRAIN_DELAY } = Object.fromEntries(settings)
  t.ok(pod.terminationGracePeriodSeconds > seconds(DRAIN_DELAY) + end)
  const { periodSeconds, failureThreshold } = container.readinessProbe
  t.ok(seconds(DRAIN_DELAY) > periodSeconds * failureThreshold)
  t.equal(PodDisruptionBudget.spec.maxUnavailable, 1)
  t.notOk('replicas' in Deployment.spec, 'or each apply, at the peak too, would take back what the autoscaler added')
  t.ok(HorizontalPodAutoscaler.spec.minReplicas > 1)
  t.equal(HorizontalPodAutoscaler.spec.scaleTargetRef.name, Deployment.metadata.name)
  t.strictSame(NetworkPolicy.spec.policyTypes, ['Ingress', 'Egress'])
  for (const spec of [ServiceAccount, pod]) t.equal(spec.automountServiceAccountToken, false)
  t.end()
})

test('Kubernetes: migrations are a step of their own, of the same image, that nothing cuts short', (t) => {
  const migrate = parse(read('deploy/kubernetes/migrate/kustomization.yaml'))
  t.strictSame([kubernetes.components, migrate.components], [['image'], ['../image']])
  t.equal(migrate.namespace, kubernetes.namespace)
  const job = parse(read('deploy/kubernetes/migrate/job.yaml'))
  const pod = objects.Deployment.spec.template.spec
  const { containers, restartPolicy, ...rest } = job.spec.template.spec
  const [{ image, command, envFrom, securityContext }] = containers
  t.strictSame(
    { image, securityContext },
    { image: pod.containers[0].image, securityContext: pod.containers[0].securityContext }
  )
  t.match(pod, rest)
  t.equal(command.join(' '), JSON.parse(read('package.json')).scripts.migrate)
  t.strictSame(envFrom, pod.containers[0].envFrom.slice(1), 'its database, and the rest as it is')
  t.notOk('activeDeadlineSeconds' in job.spec)
  t.not(Object.values(job.spec.template.metadata.labels)[0], 'gatehouse', 'the Service would send it requests')
  const { periodSeconds, failureThreshold } = pod.containers[0].startupProbe
  t.ok(periodSeconds * failureThreshold >= 3_600)
  t.end()
})

const installed = (file: string) => !existsSync(file) && `needs ${file}`

test('HAProxy takes its configuration', { skip: installed('/usr/sbin/haproxy') }, (t) => {
  const env = { BACKEND: 'gatehouse:8000', RESOLVER: '127.0.0.11:53' }
  t.strictSame(Object.keys(compose.services.balancer.environment).sort(), Object.keys(env))
  execFileSync('/usr/sbin/haproxy', ['-c', '-q', '-f', join(root, 'deploy/haproxy/haproxy.cfg')], { env })
  t.end()
})

test('HAProxy takes no word of a client for what it says itself', (t) => {
  const lines = read('deploy/haproxy/haproxy.cfg').split('\n')
  for (const line of ['set-header X-Forwarded-For %[src]', 'del-header X-Forwarded-Host', 'del-header X-Request-Id'])
    t.ok(lines.includes(`  http-request ${line}`), line)
  t.ok(lines.includes('  unique-id-header X-Request-Id'))
  t.end()
})

test('the systemd unit restarts for ever, waits for the end, and may do little', (t) => {
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

test('systemd takes the unit', { skip: installed('/usr/bin/systemd-analyze') || installed('/usr/bin/node') }, (t) => {
  execFileSync('/usr/bin/systemd-analyze', ['verify', join(root, 'deploy/systemd/gatehouse.service')], {
    stdio: 'pipe'
  })
  t.end()
})
