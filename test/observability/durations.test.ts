import { Registry } from 'prom-client'
import { test } from 'tap'
import { RequestDurations } from '../../src/observability/durations.ts'
import { parseMetrics } from '../helpers/metrics.ts'

/** The counts of a route, method and status: by bucket, with `sum` and `count`. */
async function counted(registry: Registry, route: string, method: string, status: string) {
  const samples = parseMetrics(await registry.metrics()).filter(
    ({ labels }) => labels.route === route && labels.method === method && labels.status === status
  )
  return Object.fromEntries(samples.map(({ name, labels, value }) => [labels.le ?? name.split('_').at(-1), value]))
}

test('a duration is counted in every bucket that is as long or longer', async (t) => {
  const registry = new Registry()
  const durations = new RequestDurations(registry)
  for (const seconds of [0, 0.001, 0.0011, 0.1, 0.3, 5, 60]) durations.record('/a', 'GET', 200, seconds)
  t.strictSame(await counted(registry, '/a', 'GET', '200'), {
    0.001: 2,
    0.0025: 3,
    0.005: 3,
    0.01: 3,
    0.025: 3,
    0.05: 3,
    0.1: 4,
    0.25: 4,
    0.5: 5,
    1: 5,
    2.5: 5,
    5: 6,
    '+Inf': 7,
    sum: 0 + 0.001 + 0.0011 + 0.1 + 0.3 + 5 + 60,
    count: 7
  })
})

test('routes, methods and statuses have separate series', async (t) => {
  const registry = new Registry()
  const durations = new RequestDurations(registry)
  const cases = [
    ['/a', 'GET', 200],
    ['/a', 'GET', 404],
    ['/a', 'PUT', 200],
    ['/b', 'GET', 200]
  ] as const
  for (const [i, [route, method, status]] of cases.entries())
    for (let n = 0; n <= i; n += 1) durations.record(route, method, status, 0.01)
  for (const [i, [route, method, status]] of cases.entries()) {
    const found = await counted(registry, route, method, String(status))
    t.equal(found.count, i + 1, `${method} ${route} ${status}`)
  }
})

test('durations are exported as a histogram, as text and as JSON', async (t) => {
  const registry = new Registry()
  new RequestDurations(registry).record('/a', 'GET', 200, 0.01)
  t.match(await registry.metrics(), /^# TYPE gatehouse_http_request_duration_seconds histogram$/m)
  const [metric] = await registry.getMetricsAsJSON()
  t.match(metric, { name: 'gatehouse_http_request_duration_seconds', type: 'histogram', aggregator: 'sum' })
  t.equal(metric?.values.length, 15)
})
