import type { FastifyInstance } from 'fastify'
import t, { test } from 'tap'
import { startApp } from '../helpers/app.ts'

const max = 3
const limited = { RATE_LIMIT_ENABLED: 'true', RATE_LIMIT_AUTH: String(max), RATE_LIMIT_UNKNOWN: String(max) }
const { app } = await startApp(t, { settings: limited })
const proxied = await startApp(t, { settings: { ...limited, TRUST_PROXY: '10.0.0.0/8, fd00::/8' } })

interface Origin {
  from: string
  forwardedFor?: string
}

/** The status of an attempt with an invalid body. */
async function attempt(app: FastifyInstance, { from, forwardedFor }: Origin, url = '/api/auth/login') {
  const headers = forwardedFor === undefined ? {} : { 'x-forwarded-for': forwardedFor }
  return app.inject({ method: 'POST', url, remoteAddress: from, headers, payload: {} })
}

/** The statuses of one attempt from each origin. */
async function statuses(app: FastifyInstance, origins: Origin[], url?: string) {
  const answers = []
  for (const origin of origins) answers.push((await attempt(app, origin, url)).statusCode)
  return answers
}

const times = (count: number, origin: Origin) => Array<Origin>(count).fill(origin)

test('an address has a number of attempts per minute, and then gets Retry-After', async (t) => {
  const ann = { from: '198.51.100.1' }
  t.strictSame(await statuses(app, times(max, ann)), Array(max).fill(400))
  const answer = await attempt(app, ann)
  t.match(answer.json(), { status: 429, code: 'too_many_requests', detail: 'Too many requests; try again later' })
  t.match(answer.headers['content-type'], /^application\/problem\+json/)
  const seconds = Number(answer.headers['retry-after'])
  t.ok(Number.isInteger(seconds) && seconds >= 1 && seconds <= 60, `Retry-After: ${seconds}`)
  t.strictSame(await statuses(app, [{ from: '198.51.100.2' }]), [400], 'another address is free')
  t.strictSame(await statuses(app, [ann], '/api/auth/register'), [400], 'another route is free')
  t.equal((await app.inject({ url: '/health', remoteAddress: ann.from })).statusCode, 200, 'what has no limit is free')
})

test('an attempt counts before its body is read', async (t) => {
  const request = { method: 'POST', url: '/api/auth/login', remoteAddress: '198.51.100.3' } as const
  const headers = { 'content-type': 'application/json' }
  const answers = []
  for (const payload of ['{', 'x'.repeat(70_000), '', '{"email":"a@example.com","password":"x"}'])
    answers.push((await app.inject({ ...request, headers, payload })).statusCode)
  t.strictSame(answers, [400, 413, 400, 429])
})

test('an IPv6 /64 is one address, and an IPv4-mapped IPv6 address is its IPv4 address', async (t) => {
  const network = [1, 2, 3, 4].map((n) => ({ from: `2001:db8:1:1::${n}` }))
  t.strictSame(await statuses(app, network), [400, 400, 400, 429])
  t.strictSame(await statuses(app, [{ from: '2001:db8:1:2::1' }]), [400], 'the next network')
  const mapped = ['::ffff:198.51.100.4', '198.51.100.4', '::ffff:198.51.100.4', '198.51.100.4'].map((from) => ({
    from
  }))
  t.strictSame(await statuses(app, mapped), [400, 400, 400, 429])
  t.strictSame(await statuses(app, [{ from: '::ffff:198.51.100.5' }]), [400], 'another mapped address')
})

test('X-Forwarded-For cannot change the address', async (t) => {
  const forged = (from: string) => [1, 2, 3, 4].map((n) => ({ from, forwardedFor: `203.0.113.${n}` }))
  t.strictSame(await statuses(app, forged('10.0.0.1')), [400, 400, 400, 429], 'without TRUST_PROXY')
  t.strictSame(await statuses(proxied.app, forged('198.51.100.6')), [400, 400, 400, 429], 'from outside its ranges')
  const behind = forged('10.0.0.1').map(({ from, forwardedFor }) => ({
    from,
    forwardedFor: `${forwardedFor}, 198.51.100.7`
  }))
  t.strictSame(await statuses(proxied.app, behind), [400, 400, 400, 429], 'to the left of what the proxy wrote')
  const nonsense = ['x', '', '999.1.1.1', ', ,'].map((forwardedFor) => ({ from: '10.0.0.2', forwardedFor }))
  for (const status of await statuses(proxied.app, nonsense)) t.ok([400, 429].includes(status), 'nonsense')
})

test('a trusted proxy distinguishes its clients', async (t) => {
  const clients = ['10.0.0.1', 'fd00::1', '::ffff:10.0.0.1'].flatMap((from) =>
    [11, 12].map((n) => ({ from, forwardedFor: `203.0.113.${n}` }))
  )
  t.strictSame(await statuses(proxied.app, clients), Array(6).fill(400))
  t.strictSame(await statuses(proxied.app, [{ from: '10.9.9.9', forwardedFor: '203.0.113.11' }]), [429])
})

test('unknown URLs share one limit', async (t) => {
  const get = async (url: string) => (await app.inject({ url, remoteAddress: '198.51.100.8' })).statusCode
  t.strictSame([await get('/a'), await get('/b'), await get('/api/auth/login'), await get('/c')], [404, 404, 405, 429])
  t.equal((await app.inject({ url: '/docs/static/nothing.js', remoteAddress: '198.51.100.8' })).statusCode, 429)
})

test('with RATE_LIMIT_ENABLED=false nothing is limited', async (t) => {
  const { app } = await startApp(t, { settings: { ...limited, RATE_LIMIT_ENABLED: 'false' } })
  t.strictSame(await statuses(app, times(max + 2, { from: '198.51.100.1' })), Array(max + 2).fill(400))
  for (let i = 0; i < max + 2; i++) t.equal((await app.inject('/nothing')).statusCode, 404)
})
