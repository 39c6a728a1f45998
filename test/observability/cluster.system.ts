import cluster, { type Worker } from 'node:cluster'
import { once } from 'node:events'
import { test } from 'tap'
import { scrapeWorkers } from '../../src/observability/worker-metrics.ts'
import { secret } from '../helpers/app.ts'
import { parseMetrics, sampleOf } from '../helpers/metrics.ts'
import { cloneTemplate } from '../helpers/template.ts'

test('workers of a cluster reply to the primary process', async (t) => {
  cluster.setupPrimary({ exec: 'src/server.ts', silent: true })
  const workers = new Map<number, Worker>()
  for (const place of [1, 2]) {
    // A database on the server, because two processes cannot share an embedded one.
    const { settings, remove } = await cloneTemplate()
    const env = { DATA_DIR: t.testdir(), PORT: '0', METRICS_PORT: '1', BETTER_AUTH_SECRET: secret, ...settings }
    const worker = cluster.fork(env)
    workers.set(place, worker)
    t.teardown(() => worker.process.kill('SIGKILL'))
    t.teardown(remove)
  }
  const [port] = await Promise.all(
    [...workers.values()].map(async (worker) => {
      const [{ port }] = await once(worker, 'listening')
      return port as number
    })
  )
  for (let i = 0; i < 10; i += 1)
    await (await fetch(`http://127.0.0.1:${port}/health/live`, { headers: { connection: 'close' } })).text()

  const scrape = scrapeWorkers(() => workers)
  const text = await scrape()
  const served = parseMetrics(text).filter(
    ({ name, labels }) => name.endsWith('_duration_seconds_count') && labels.route === '/health/live'
  )
  t.strictSame(
    served.map(({ labels }) => labels.worker),
    ['1', '2']
  )
  t.equal(
    served.reduce((sum, { value }) => sum + value, 0),
    10
  )

  workers.get(1)?.process.kill('SIGSTOP')
  t.equal(sampleOf(await scrape(), 'gatehouse_workers_silent'), 1, 'one that hangs')
  workers.get(1)?.process.kill('SIGCONT')
  for (const worker of workers.values()) {
    worker.process.kill('SIGTERM')
    t.strictSame(await once(worker, 'exit'), [0, null])
  }
})
