import type { FastifyInstance } from 'fastify'
import t, { test } from 'tap'
import { password, startApp } from '../helpers/app.ts'
import { listen } from '../helpers/raw.ts'

const max = 2
const settings = { RATE_LIMIT_ENABLED: 'true', RATE_LIMIT_AUTH: String(max), TRUST_PROXY: '10.0.0.0/8, fd00::/8' }
const limited = await startApp(t, { settings })
const { app, lines } = await startApp(t, { settings: { ...settings, RATE_LIMIT_ENABLED: 'false' } })

/** The status of an attempt with an invalid body. */
async function attempt(app: FastifyInstance, from: string, forwardedFor: string) {
  const headers = { 'x-forwarded-for': forwardedFor }
  return (await app.inject({ method: 'POST', url: '/api/auth/login', remoteAddress: from, headers, payload: {} }))
    .statusCode
}

/** The address of a new account's session, as shown to its owner. */
async function sessionOf(remoteAddress: string, headers: Record<string, string>) {
  const payload = { email: `${crypto.randomUUID()}@example.com`, name: 'Ann', password }
  const answer = await app.inject({ method: 'POST', url: '/api/auth/register', remoteAddress, headers, payload })
  const authorization = `Bearer ${answer.json().access_token}`
  return (await app.inject({ url: '/api/auth/sessions', headers: { authorization } })).json().items[0]
}

const spellings: [string, string[]][] = [
  ['198.51.100.1', ['198.51.100.1:50001', '198.51.100.1:50002', '198.51.100.1:50003']],
  ['2001:db8:7::', ['[2001:db8:7::1]:50001', '"[2001:db8:7::2]:50002"', 'for="[2001:db8:7:0:9::3]"']],
  ['198.51.100.2', ['::ffff:198.51.100.2', '"198.51.100.2"', 'for=198.51.100.2;proto=https']],
  ['fe80::', ['fe80::1%a', 'fe80::1%b', '[fe80::1%c]:80']]
]
for (const [address, texts] of spellings)
  test(`${address} is limited as one client, with any port or quotes from its proxy`, async (t) => {
    const statuses = []
    for (const text of texts) statuses.push(await attempt(limited.app, '10.0.0.1', text))
    t.strictSame(statuses, [400, 400, 429])
  })

const nonsense = ['x'.repeat(8_000), '"><script>', 'unknown', '_a', '_b', '1.2.3', '203.0.113.1 x', '\u00e9', ', ,']
test('an invalid address counts as the proxy that sent it', async (t) => {
  const statuses = []
  for (const text of nonsense) statuses.push(await attempt(limited.app, '10.0.0.2', text))
  t.strictSame(statuses, [400, 400, ...Array(nonsense.length - max).fill(429)])
  t.equal(await attempt(limited.app, '10.0.0.2', '198.51.100.3'), 400, 'its other clients are not held to it')
})

test('a session stores only a valid address', async (t) => {
  for (const text of nonsense) t.equal((await sessionOf('10.0.0.3', { 'x-forwarded-for': text })).ip, '10.0.0.3')
  t.equal((await sessionOf('10.0.0.3', { 'x-forwarded-for': `198.51.100.9, ${nonsense[1]}` })).ip, '10.0.0.3')
  const chains: [string, string, string][] = [
    ['10.0.0.3', '198.51.100.9:443', '198.51.100.9'],
    ['10.0.0.3', '6.6.6.6, 198.51.100.9:443, 10.0.0.4:5000', '198.51.100.9'],
    ['10.0.0.3', '6.6.6.6, "[2001:DB8::9]:443", [fd00::4]:5000', '2001:db8::9'],
    ['10.0.0.3', 'nonsense, 10.0.0.4:5000', '10.0.0.4'],
    ['::ffff:10.0.0.3', '198.51.100.9', '198.51.100.9'],
    ['198.51.100.8', '198.51.100.9', '198.51.100.8']
  ]
  for (const [peer, text, address] of chains)
    t.equal((await sessionOf(peer, { 'x-forwarded-for': text })).ip, address, text)
})

test('control characters in a user agent reach neither the log nor the session', async (t) => {
  const before = lines.length
  const agent = 'curl\u009b31m\u0085\u200e\u202eevil'
  const session = await sessionOf('10.0.0.3', { 'user-agent': agent })
  t.equal(session.user_agent, 'curl\uFFFD31m\uFFFD\uFFFD\uFFFDevil')
  t.ok(lines.slice(before).some(({ user_agent }) => user_agent === session.user_agent))
  t.notMatch(JSON.stringify(lines), /[\u0080-\u009f\u200e\u202e]/)
})

test('a header is decoded as the same bytes', async (t) => {
  const { send } = await listen(app)
  const body = JSON.stringify({ email: 'nobody@example.com', password })
  const head = `POST /api/auth/login HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: ${body.length}`
  const agent = Buffer.from([0x61, 0x9b, 0x85, 0xe2, 0x80, 0xae, 0x62])
  const before = lines.length
  await send(
    Buffer.concat([Buffer.from(`${head}\r\nConnection: close\r\nUser-Agent: `), agent, Buffer.from(`\r\n\r\n${body}`)])
  )
  const seen = lines.slice(before).find(({ event }) => event === 'login.failed')
  t.equal(seen?.user_agent, 'a\uFFFD\uFFFDâ\uFFFD®b')
  t.equal(seen?.address, '127.0.0.1')
})

test('a client whose socket is closed has no address, and causes no error', async (t) => {
  const { statusCode } = await app.inject({ method: 'POST', url: '/api/auth/login', remoteAddress: '', payload: {} })
  t.equal(statusCode, 400)
  t.equal((await sessionOf('no address', {})).ip, 'unknown')
})
