import { test } from 'tap'
import { createMetrics } from '../../src/observability/metrics.ts'
import { parseMetrics, sampleOf } from '../helpers/metrics.ts'

/** Metrics of a fake service. */
function start() {
  const sources = {
    securityEvents: new Map([['login', 0]]),
    passwords: { running: 0, waiting: 0 },
    revocations: { staleness: () => 0, size: 0 },
    mail: { settings: undefined, outcomes: new Map(), waiting: async () => ({ count: 0, age: 0 }) },
    pools: () => ({ primary: { total: 0, idle: 0, waiting: 0 } })
  }
  const metrics = createMetrics(sources)
  return { metrics, sources, scrape: () => metrics.registry.metrics() }
}

test('gauges show the values at the scrape', async (t) => {
  const { sources, scrape } = start()
  await scrape()
  sources.securityEvents.set('login', 3)
  sources.passwords = { running: 2, waiting: 7 }
  sources.revocations = { staleness: () => 1500, size: 9 }
  sources.pools = () => ({ primary: { total: 10, idle: 4, waiting: 5 } })
  const text = await scrape()
  t.equal(sampleOf(text, 'gatehouse_security_events_total', { event: 'login' }), 3)
  t.equal(sampleOf(text, 'gatehouse_password_hashes_running'), 0, 'the object was replaced, not changed')
  t.equal(sampleOf(text, 'gatehouse_database_waiting', { pool: 'primary' }), 0)
})

test('problems are counted by code and reason, without outside text', async (t) => {
  const { metrics, scrape } = start()
  metrics.problem({ code: 'token_expired', reason: 'expired' })
  metrics.problem({ code: 'unavailable', reason: 'database: connect ECONNREFUSED 10.0.0.1:5432' })
  metrics.problem({ code: 'unavailable', reason: 'database: timeout\nexceeded' })
  metrics.problem({ code: 'not_found' })
  const text = await scrape()
  t.equal(sampleOf(text, 'gatehouse_problems_total', { code: 'token_expired', reason: 'expired' }), 1)
  t.equal(sampleOf(text, 'gatehouse_problems_total', { code: 'unavailable', reason: 'database' }), 2)
  t.equal(sampleOf(text, 'gatehouse_problems_total', { code: 'not_found', reason: '' }), 1)
})

test('outside text cannot create unlimited series', async (t) => {
  const { metrics, scrape } = start()
  for (let i = 0; i < 1000; i += 1) metrics.problem({ code: 'unavailable', reason: `reason ${i}` })
  metrics.problem({ code: 'unavailable', reason: 'reason 1' })
  const text = await scrape()
  const series = parseMetrics(text).filter(({ name }) => name === 'gatehouse_problems_total')
  t.equal(series.length, 100)
  t.equal(sampleOf(text, 'gatehouse_problems_total', { reason: 'reason 1' }), 2)
  t.equal(sampleOf(text, 'gatehouse_problems_total', { code: 'other' }), 901)
})

test('names, units and types follow the conventions of Prometheus', async (t) => {
  const { metrics, scrape } = start()
  metrics.request('/api/tasks', 'GET', 200, 0.004)
  const text = await scrape()
  const types = [...text.matchAll(/^# TYPE (gatehouse_\w+) (\w+)$/gm)].map(([, name = '', type]) => ({ name, type }))
  t.ok(types.length >= 9)
  for (const { name, type } of types) {
    t.equal(name.endsWith('_total'), type === 'counter', name)
    t.equal(name.endsWith('_seconds'), type === 'histogram' || name.includes('staleness'), name)
  }
  t.match(text, /^gatehouse_info\{version="\d+\.\d+\.\d+",node="v\d+\.\d+\.\d+"\} 1$/m)
  for (const name of ['process_resident_memory_bytes', 'process_cpu_seconds_total', 'nodejs_eventloop_lag_p99_seconds'])
    t.ok(sampleOf(text, name) !== undefined, name)
})
