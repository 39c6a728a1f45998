import cluster, { type Worker } from 'node:cluster'
import { once } from 'node:events'
import { test } from 'tap'
import { scrapeWorkers } from '../../src/observability/worker-metrics.ts'
import { secret } from '../helpers/app.ts'
import { parseMetrics, sampleOf } from '../helpers/metrics.ts'
import { cloneTemplate } from '../helpers/template.ts'
import { until } from '../helpers/wait.ts'

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
  const silent = (text: string) => sampleOf(text, 'gatehouse_workers_silent')
  // On a busy machine a worker may be silent at first.
  const text = await until('both workers to reply', async () => {
    const text = await scrape()
    return silent(text) === 0 && text
  })
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
  await until('one that hangs to be the silent one', async () => {
    const text = await scrape()
    return silent(text) === 1 && /worker="2"/.test(text) && !/worker="1"/.test(text)
  })
  workers.get(1)?.process.kill('SIGCONT')
  for (const worker of workers.values()) {
    worker.process.kill('SIGTERM')
    t.strictSame(await once(worker, 'exit'), [0, null])
  }
})
