import { once } from 'node:events'
import { connect } from 'node:net'
import t, { test } from 'tap'
import { startApp } from '../helpers/app.ts'
import { parseMetrics, sampleOf } from '../helpers/metrics.ts'
import { listen, message, requests } from '../helpers/raw.ts'

const settings = { METRICS_PORT: '0', RATE_LIMIT_ENABLED: 'true', RATE_LIMIT_AUTH: '6' }
const { app, lines, signUp, anyone } = await startApp(t, { settings })
const { port, send } = await listen(app)
const url = String(lines.find(({ msg }) => msg === 'metrics')?.url)
const scrape = async () => (await fetch(url)).text()
const ann = await signUp()

const durations = 'gatehouse_http_request_duration_seconds_count'

test('every logged request is counted, by the same route, method and status', async (t) => {
  await ann.post('/api/tasks', { title: 'a' })
  await ann.get(`/api/tasks/${crypto.randomUUID()}`)
  await ann.get('/api/tasks?limit=1')
  await anyone.get('/api/tasks')
  await anyone.get('/nowhere/at/all')
  await anyone.get('/%ff')
  await anyone.put('/api/tasks')
  const gone = connect(port, '127.0.0.1')
  gone.write('POST /api/auth/login HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{')
  await once(app.server, 'request')
  gone.resetAndDestroy()

  const key = (...parts: unknown[]) => parts.join(' ')
  const logged = new Map<string, number>()
  for (const { route, method, status } of await requests(lines, 0, 9))
    logged.set(key(route, method, status), (logged.get(key(route, method, status)) ?? 0) + 1)
  const counted = parseMetrics(await scrape()).filter(({ name }) => name === durations)
  t.strictSame(
    new Map(counted.map(({ labels: { route, method, status }, value }) => [key(route, method, status), value])),
    logged
  )
  t.match(logged, new Map([['/api/auth/login POST 499', 1]]))
})

test('refused tokens are counted by the logged reason', async (t) => {
  const from = lines.length
  const tokens = ['a.b.c.d', `${ann.token}xx`, 'x.y.z', ann.token.replace(/\.[^.]*$/, `.${'A'.repeat(43)}`)]
  for (const token of tokens)
    await anyone.get('/api/auth/me', undefined, { headers: { authorization: `Bearer ${token}` } })
  const reasons = new Set((await requests(lines, from, tokens.length)).map(({ refusal }) => String(refusal)))
  t.ok(reasons.size > 2)
  const text = await scrape()
  for (const reason of reasons)
    t.ok(sampleOf(text, 'gatehouse_problems_total', { code: 'invalid_token', reason }), reason)
  t.equal(sampleOf(text, 'gatehouse_problems_total', { code: 'not_authenticated', reason: 'no token' }), 1)
})

test('logins and throttled attempts are counted', async (t) => {
  const event = async (event: string) => sampleOf(await scrape(), 'gatehouse_security_events_total', { event })
  t.equal(await event('login'), 0, 'counted from nought')
  const log = (password: string) => anyone.post('/api/auth/login', { email: ann.email, password })
  await log(ann.password)
  for (let i = 0; i < 3; i += 1) await log('wrong-horse-7')
  t.strictSame([await event('login'), await event('login.failed')], [1, 3])
  for (let i = 0; i < 6; i += 1) await log(ann.password)
  t.equal(sampleOf(await scrape(), durations, { route: '/api/auth/login', status: '429' }), 5)
})

test('malformed HTTP is counted as a problem', async (t) => {
  await send(message('nonsense'))
  t.equal(
    sampleOf(await scrape(), 'gatehouse_problems_total', { code: 'malformed_request', reason: 'HPE_INVALID_METHOD' }),
    1
  )
})

test('without the setting nothing is counted or served', async (t) => {
  const { app, lines } = await startApp(t)
  await app.inject('/health/live')
  t.equal(app.metrics, undefined)
  t.notOk(lines.some(({ msg }) => msg === 'metrics'))
})

test('a port in use prevents the start', async (t) => {
  const { port } = new URL(url)
  await t.rejects(startApp(t, { settings: { METRICS_PORT: port } }), { code: 'EADDRINUSE' })
})
