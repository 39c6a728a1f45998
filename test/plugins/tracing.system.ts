import t, { test } from 'tap'
import { password, secret, startApp } from '../helpers/app.ts'
import { startCollector } from '../helpers/collector.ts'
import { listen, message, requests } from '../helpers/raw.ts'
import { server as postgres } from '../helpers/template.ts'

const collector = await startCollector(t)
Object.assign(process.env, collector.settings, { OTEL_BSP_SCHEDULE_DELAY: '100000' })
const { app, lines, signUp } = await startApp(t, { settings: collector.settings })
const { port, send } = await listen(app)
const ann = await signUp()
// Injected without a socket, so that there is no span.
await ann.get('/api/auth/me')
const from = lines.length

const needle = 'N33dle-that-nobody-may-read'
const parent = { trace: '0af7651916cd43dd8448eb211c80319c', span: 'b7ad6b7169203331' }
const call = (path: string, options: RequestInit = {}, token = ann.token) =>
  fetch(`http://127.0.0.1:${port}${path}`, {
    ...options,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', ...options.headers }
  })

await call('/api/tasks?q=milk', { headers: { traceparent: `00-${parent.trace}-${parent.span}-01` } })
await call(`/api/tasks/${crypto.randomUUID()}`)
await call('/api/tasks', { method: 'POST', body: JSON.stringify({ title: needle, description: needle }) })
await call('/api/auth/login', {
  method: 'POST',
  body: JSON.stringify({ email: `${needle}@example.com`, password: needle }),
  headers: { 'user-agent': needle, 'x-forwarded-for': needle, 'x-forwarded-host': needle, referer: needle }
})
await call(`/api/tasks?q=${needle}&token=${needle}`)
await call(`/${needle}`)
await call('/api/auth/me', {}, `${ann.token}x${needle}`)
await send(message('GET /%ff HTTP/1.1', 'Host: a'))
const logged = (await requests(lines, from, 8)).slice(0, 8)
const security = lines.slice(from).filter(({ msg }) => msg === 'security')
await app.close()
const spans = collector.spans()
const served = spans.filter(({ kind }) => kind === 2)

test('a request is a span with route, status and user, below the incoming one', async (t) => {
  t.equal(served.length, 8)
  const [list, missing] = served
  t.match(list, {
    name: 'GET /api/tasks',
    traceId: parent.trace,
    parentSpanId: parent.span,
    attributes: { 'http.route': '/api/tasks', 'http.request.method': 'GET', 'user.id': ann.id }
  })
  t.equal(Number(list?.attributes['http.response.status_code']), 200)
  t.match(missing, { name: 'GET /api/tasks/:id', status: { code: 0 } })
  t.not(missing?.traceId, parent.trace)
  t.strictSame(
    served.map(({ attributes }) => Number(attributes['http.response.status_code'])),
    logged.map(({ status }) => status)
  )
  t.notOk(served.find(({ attributes }) => attributes['http.response.status_code'] === 404)?.parentSpanId)
})

test('the log line contains the span, and the span the request', async (t) => {
  t.strictSame(
    logged.map(({ trace_id, span_id }) => [trace_id, span_id]),
    served.map(({ traceId, spanId }) => [traceId, spanId])
  )
  const named = served.filter(({ attributes }) => attributes['http.route'])
  t.ok(named.length >= 6)
  for (const { spanId, attributes } of named)
    t.equal(attributes['gatehouse.request_id'], logged.find(({ span_id }) => span_id === spanId)?.request_id)
  t.match(security, [{ event: 'login.failed', trace_id: served[3]?.traceId }], 'so do other lines')
})

test('the statements of a request are spans below its own', { skip: !postgres && 'needs PostgreSQL' }, async (t) => {
  const [list] = served
  const queries = spans.filter(({ attributes }) => attributes['db.query.text'])
  const own = queries.filter(({ parentSpanId }) => parentSpanId === list?.spanId)
  // After a standstill of the process, a request reads the revocations first.
  const ofTasks = own.filter(({ attributes }) => /^select .* from "tasks"/.test(String(attributes['db.query.text'])))
  t.match(ofTasks, [{ traceId: parent.trace }])
  t.equal(ofTasks.length, 1)
  // The first statement of a new connection is below the wait for it.
  t.ok(
    queries.every(({ traceId }) => served.some((span) => span.traceId === traceId)),
    'and no others'
  )
  t.ok(
    spans.some(({ name }) => name === 'pg-pool.connect'),
    'waiting for a connection is seen'
  )
})

test('no span contains an address, URL, token, password or value', async (t) => {
  const sent = collector.bodies.join('\n')
  for (const word of [needle, needle.toLowerCase(), ann.token, ann.email, password, secret, 'milk', '%ff', '$2b$'])
    t.notOk(sent.includes(word), word)
})

test('the service has a name', async (t) => {
  t.match(collector.resources(), [{ 'service.name': 'gatehouse' }])
  t.ok(
    collector.bodies.every((body) => body.startsWith('/v1/traces ')),
    'and sends traces alone'
  )
})
