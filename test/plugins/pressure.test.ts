import { totalmem } from 'node:os'
import { mock } from 'node:test'
import fastify from 'fastify'
import { type Test, test } from 'tap'
import { memoryInUse, pressure } from '../../plugins/pressure.ts'
import { problemDetails } from '../../plugins/problems.ts'
import { web } from '../../plugins/web.ts'
import { startApp } from '../helpers/app.ts'
import { until } from '../helpers/wait.ts'
import { files, webFiles } from '../helpers/web-files.ts'

/** An app that counts the requests it handles, with a fake share of memory in use. */
async function start(t: Test, now: { memory: number }) {
  const app = fastify()
  t.teardown(() => app.close())
  app.decorate('metrics', undefined)
  app.decorate('securityHeaders', {})
  await app.register(problemDetails)
  await app.register(pressure, { memory: () => now.memory })
  await app.register(web, { webDir: webFiles(t), isOwnWeb: true, appName: 'Gatehouse', pages: [], scopes: [] })
  const done = { work: 0 }
  app.get('/work', async () => {
    done.work += 1
    return 'done'
  })
  app.get('/health/live', async () => 'alive')
  return { app, done }
}

test('under pressure requests are refused before any work, except those of the web app, and accepted again afterwards', async (t) => {
  const now = { memory: 0.921 }
  const { app, done } = await start(t, now)
  t.equal((await app.inject('/work')).statusCode, 200, 'not before it is started')
  t.notOk(app.isOverloaded())
  await app.listen({ host: '127.0.0.1', port: 0 })
  await until('the pressure is noticed', () => app.isOverloaded())
  const refused = await app.inject('/work')
  t.match(refused, { statusCode: 503, headers: { 'retry-after': '1' } })
  t.match(refused.json(), { code: 'unavailable' })
  t.equal((await app.inject('/health/live')).statusCode, 200)
  for (const url of ['/', '/login', ...files]) t.equal((await app.inject(url)).statusCode, 200, url)
  t.equal(done.work, 1)

  now.memory = 0.92
  await until('the pressure is over', () => !app.isOverloaded())
  t.equal((await app.inject('/work')).statusCode, 200)
})

test('an event loop that is late again and again is pressure', async (t) => {
  const { app } = await start(t, { memory: 0.1 })
  await app.listen({ host: '127.0.0.1', port: 0 })
  const busy = setInterval(() => {
    for (const end = performance.now() + 600; performance.now() < end; );
  }, 1)
  await until('the pressure is noticed', () => app.isOverloaded())
  t.equal((await app.inject('/work')).statusCode, 503)
  clearInterval(busy)
  await until('the pressure is over', () => !app.isOverloaded())
})

test('under pressure /health answers 503 as well', async (t) => {
  const { app, anyone } = await startApp(t)
  t.equal((await anyone.get('/health')).statusCode, 200)
  app.isOverloaded = () => true
  t.match((await anyone.get('/health')).json(), { status: 503, code: 'unavailable' })
  t.equal((await anyone.get('/health/live')).statusCode, 200)
  t.equal((await anyone.get('/health/ready')).statusCode, 200, 'or one would burden the others')
})

const GiB = 2 ** 30
/** The share of memory in use that is computed from these values of the system. */
function share(t: Test, { limit = GiB, left = GiB, rss = 0.2 * GiB, processes = 1 }: Record<string, number>) {
  mock.method(process, 'constrainedMemory', () => limit)
  mock.method(process, 'availableMemory', () => left)
  mock.method(process.memoryUsage, 'rss', () => rss)
  t.teardown(() => mock.restoreAll())
  return memoryInUse(processes)
}

test('the memory use of this process is reported as a share above 0 and below 0.9', async (t) => {
  const memory = memoryInUse(1)
  t.ok(memory > 0 && memory < 0.9, `memory ${memory}`)
})

test('memory that workers share is counted once', async (t) => {
  t.ok(share(t, { left: 0.2 * GiB, rss: 0.26 * GiB, processes: 4 }) < 0.9)
  t.ok(share(t, { left: 0.02 * GiB, rss: 0.26 * GiB, processes: 4 }) > 0.92)
})

test('the file cache does not count as used memory of a container', async (t) => {
  t.ok(share(t, { left: 0, rss: 0.3 * GiB }) < 0.4)
  t.ok(share(t, { left: 0, rss: 0.95 * GiB }) > 0.92)
})

for (const [what, limit] of Object.entries({ 'no limit': 0, 'a limit above the memory of the machine': 2 ** 64 }))
  test(`with ${what}, the memory of the machine counts`, async (t) => {
    const memory = totalmem()
    t.ok(share(t, { limit, left: memory / 2, rss: memory * 0.9 }) < 0.6)
    t.ok(share(t, { limit, left: memory / 50, rss: memory * 0.95 }) > 0.92)
  })
