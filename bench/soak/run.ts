import { mkdirSync, writeFileSync } from 'node:fs'
import { cpus, loadavg } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { startPostgres } from '../../test/faults/helpers/postgres.ts'
import { createSandbox } from '../../test/faults/helpers/sandbox.ts'
import { unusedPort } from '../../test/helpers/ports.ts'
import { figure, table } from '../helpers/figures.ts'
import { onOwnDatabase, serve } from '../helpers/service.ts'
import { draw } from './chart.ts'
import { createTally, saturation, steady } from './load.ts'
import { createMix } from './mix.ts'
import { createSampler } from './samples.ts'
import { per10Minutes, rise } from './slope.ts'

/** Seconds between two samples. */
const interval = 5
const share = 0.7

const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '30' }, out: { type: 'string', default: 'docs/images' } }
})
const minutes = Number(values.minutes)
if (!(minutes > 0 && minutes <= 240)) throw new Error('--minutes: a number up to 240')
/** Seconds of warm-up, in which caches and the heap reach their size. */
const warm = (minutes * 60) / 3
const say = (progress: string) => console.log(`${new Date().toISOString().slice(11, 19)} ${progress}`)
let stopping = false
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => (stopping = true))

async function soak(databaseUrl: string): Promise<number> {
  const metricsPort = String(await unusedPort())
  const settings = { DATABASE_URL: databaseUrl, METRICS_PORT: metricsPort, BCRYPT_COST: '10', LOG_LEVEL: 'warn' }
  // Limits are on, because their counters use memory, but high enough not to be reached.
  const service = await serve({ ...settings, RATE_LIMIT_ENABLED: 'true', RATE_LIMIT_AUTH: '1000000' })
  mkdirSync(values.out, { recursive: true })
  const metrics = `http://127.0.0.1:${metricsPort}/metrics`
  const sampler = createSampler(service.child.pid ?? 0, metrics, join(values.out, 'soak.csv'))
  const mix = await createMix(service.url)
  const most = await saturation(mix, Math.min(10, minutes * 4), say)
  await mix.mend()
  const perSecond = Math.round(most * share)
  say(`${minutes} minutes at ${perSecond} requests a second, 70 % of ${most.toFixed(0)}`)

  const tally = createTally()
  const begin = performance.now()
  const elapsed = () => (performance.now() - begin) / 1000
  const on = () => !stopping && service.child.exitCode === null && elapsed() < minutes * 60
  const load = steady(mix, perSecond, tally, on)
  for (let next = 0; on(); next += interval) {
    await sleep(Math.max(0, next - elapsed()) * 1000)
    await sampler.look(elapsed(), tally.total()).catch((error: Error) => say(`no sample: ${error.message}`))
    if (next % 60 === 0) {
      const { rss = 0, heap = 0 } = sampler.samples.at(-1) ?? {}
      say(`${tally.total()} requests, ${rss.toFixed(1)} MB resident, heap ${heap.toFixed(1)} MB`)
    }
  }
  await load
  const ended = service.child.exitCode !== null
  const rate = tally.total() / elapsed()
  await service.stop()

  const later = sampler.samples.filter(({ seconds }) => seconds >= warm)
  const growth = per10Minutes(later, ({ rss }) => rss)
  // The number of clients varies within seconds, so a regression line is meaningless.
  const descriptors = rise(sampler.samples, (sample) => sample.descriptors)
  const last = sampler.samples.at(-1)
  const title = `${minutes} minutes, ${rate.toFixed(0)} requests a second: ${growth.toFixed(2)} MB in 10 minutes`
  writeFileSync(join(values.out, 'soak.svg'), draw(sampler.samples, title, warm))
  const statuses = [...tally.statuses].sort().map(([status, n]) => `${status}: ${n}`)
  const refused = (100 * (tally.statuses.get(503) ?? 0)) / Math.max(1, tally.total())
  const wrong = [...tally.wrong].map(([what, n]) => `${n} x ${what}`)
  const figures = [
    figure('resident memory, MB in 10 minutes', '< 1', growth.toFixed(2), growth < 1),
    figure('heap in use, MB in 10 minutes', '', per10Minutes(later, ({ heap }) => heap).toFixed(2)),
    figure(
      'file descriptors: the most of the second half above that of the first',
      '< 5',
      String(descriptors),
      descriptors < 5
    ),
    figure('resident memory at the end, MB', '', last?.rss.toFixed(1) ?? 'none'),
    figure('database connections at the end', '<= 10', String(last?.pool), (last?.pool ?? 99) <= 10),
    figure('the process lasted', 'yes', ended ? 'no' : 'yes', !ended),
    figure('requests', '', `${tally.total()}, ${rate.toFixed(0)} a second (${statuses.join(', ')})`),
    figure('refused with 503, of 100', '< 1', refused.toFixed(2), refused < 1),
    figure('wrong answers', '0', wrong.join('; ') || '0', wrong.length === 0),
    figure(
      'p50, p99 of the last 10,000, ms',
      '',
      `${tally.quantile(0.5).toFixed(1)}, ${tally.quantile(0.99).toFixed(1)}`
    )
  ]
  console.log(`\n${table(figures)}`)
  return figures.some(({ verdict }) => verdict === 'NOT met') ? 1 : 0
}

const [{ model = 'unknown' } = {}] = cpus()
console.log(
  `${model}, ${cpus().length} cores, Node.js ${process.version}, load before the start ${loadavg()[0]?.toFixed(1)}`
)
const { DATABASE_URL } = process.env
const sandbox = createSandbox({ short: true })
try {
  // Starts a server unless one is given.
  const server = DATABASE_URL ?? (await startPostgres(sandbox)).url
  process.exitCode = await onOwnDatabase(server, ({ url }) => soak(url))
} finally {
  sandbox.clear()
}
process.exit()
