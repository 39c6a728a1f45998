import { readFileSync } from 'node:fs'
import t, { test } from 'tap'
import { parse } from 'yaml'
import { scrapeWorkers } from '../../src/observability/worker-metrics.ts'
import { securityEventNames } from '../../src/repositories/security-events.ts'
import { startApp } from '../helpers/app.ts'
import { parseMetrics } from '../helpers/metrics.ts'
import { routesOf } from '../helpers/routes.ts'

interface Alert {
  alert: string
  expr: string
  labels: { severity: string }
  annotations: { summary: string; runbook_url: string }
}

interface Panel {
  id: number
  title: string
  gridPos: { x: number; y: number; w: number; h: number }
  targets?: { expr: string; datasource: { uid: string } }[]
}

const read = (name: string) => readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8')
const alerts: Alert[] = parse(read('deploy/prometheus/alerts.yaml')).groups[0].rules
interface Dashboard {
  panels: Panel[]
  templating: { list: { name: string }[] }
  annotations: { list: { name: string; expr: string }[] }
}
const dashboard: Dashboard = JSON.parse(read('deploy/grafana/gatehouse.json'))
const targets = dashboard.panels.flatMap((panel) => panel.targets ?? [])
const annotations = dashboard.annotations.list
const expressions = [...alerts, ...targets, ...annotations].map(({ expr }) => expr)

const { app, signUp } = await startApp(t, { settings: { METRICS_PORT: '0' } })

test('every metric of dashboard and alerts is exported', async (t) => {
  const ann = await signUp()
  await ann.get('/api/tasks')
  await ann.get('/nowhere')
  const text = `${await app.metrics?.registry.metrics()}${await scrapeWorkers(() => new Map())()}`
  // Metrics of PostgreSQL's pools have no value here, but are announced.
  const announced = [...text.matchAll(/^# TYPE (\w+)/gm)].map(([, name = '']) => name)
  const known = new Set(['up', ...announced, ...parseMetrics(text).map(({ name }) => name)])
  const asked = new Set(expressions.flatMap((expr) => expr.match(/\b(up|(gatehouse|process|nodejs)_\w+)(?=\{)/g) ?? []))
  t.ok(asked.size > 15)
  for (const name of asked) t.ok(known.has(name), name)
  for (const expr of expressions)
    t.ok(
      [...asked].some((name) => expr.includes(`${name}{`)),
      'asks for something'
    )
})

test('the routes and events that dashboard and alerts name exist', async (t) => {
  const routes = new Set(routesOf(app).map(({ path }) => path))
  const events = new Set<string>(securityEventNames)
  for (const expr of expressions) {
    for (const [, base = '', names = ''] of expr.matchAll(/route!~"(\S+)\((\S+)\)"/g))
      for (const name of names.split('|')) t.ok(routes.has(base + name), base + name)
    for (const [, names = ''] of expr.matchAll(/event=~?"(\S+)"/g))
      for (const name of names.split('|')) t.ok(events.has(name), name)
  }
})

test('each alert has a test, a severity and a documentation page', async (t) => {
  const tests = read('deploy/prometheus/alerts.test.yaml')
  const pages = read('docs/incidents.md')
  for (const { alert, labels, annotations } of alerts) {
    t.match(tests, `name: ${alert} is heard`)
    t.match(labels.severity, /^(page|ticket)$/)
    t.equal(annotations.runbook_url, `docs/incidents.md#${alert.toLowerCase()}`)
    t.match(pages, new RegExp(`^## ${alert}$`, 'm'), `${alert} in docs/incidents.md`)
  }
})

test("a start is detected by the process's age, because a new pod has no earlier value", (t) => {
  t.match(annotations, [{ name: 'Starts', expr: /^time\(\) - process_start_time_seconds\{.*\} < \d+$/ }])
  for (const { expr } of annotations) t.match(expr, 'job=~"$job", instance=~"$instance"')
  t.end()
})

test('the panels of the dashboard do not overlap, and use the selected data source', async (t) => {
  const cells = dashboard.panels.flatMap(({ gridPos: { x, y, w, h } }) =>
    Array.from({ length: w * h }, (_, i) => `${x + (i % w)},${y + Math.floor(i / w)}`)
  )
  t.equal(new Set(cells).size, cells.length)
  t.equal(new Set(dashboard.panels.map(({ id }) => id)).size, dashboard.panels.length)
  t.strictSame(
    dashboard.templating.list.map(({ name }) => name),
    ['datasource', 'job', 'instance']
  )
  for (const { expr, datasource } of targets) {
    t.equal(datasource.uid, '$' + '{datasource}')
    for (const [, selector = ''] of expr.matchAll(/\{([^}]*)\}/g))
      t.match(selector, 'job=~"$job", instance=~"$instance"')
  }
})
