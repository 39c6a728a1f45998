import { once } from 'node:events'
import http from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { generate } from 'selfsigned'
import { type Test, test } from 'tap'
import { createBudget } from '../../packages/gatehouse/src/budget.ts'
import { type CheckId, catalogue } from '../../packages/gatehouse/src/catalogue.ts'
import { transport } from '../../packages/gatehouse/src/checks/transport.ts'
import { createClient } from '../../packages/gatehouse/src/client.ts'
import { proveLine, provePath } from '../../packages/gatehouse/src/gate.ts'
import { createLedger } from '../../packages/gatehouse/src/ledger.ts'
import type { Profile } from '../../packages/gatehouse/src/profiles.ts'
import { prove } from '../../packages/gatehouse/src/prove.ts'
import { proveToken } from '../helpers/notes-service.ts'
import '../helpers/without-database.ts'

const accounts = ['ann', 'ben'].map((name) => ({ email: `${name}@example.com`, password: 'not-a-secret' }))
const profile: Profile = {
  accounts,
  signIn: { path: '/sign-in', body: { email: '{email}' } },
  me: { path: '/me' },
  credential: { cookies: true }
}
const sound = ['__Host-session=abcdefghijkl', 'Path=/', 'Secure', 'HttpOnly', 'SameSite=Lax']
const hsts = 'max-age=31536000; includeSubDomains'

const pem = await generate([{ name: 'commonName', value: 'localhost' }], {
  extensions: [{ name: 'subjectAltName', altNames: [{ type: 2, value: 'localhost' }] }]
})

/** What a server does over http. */
type Plain = (request: http.IncomingMessage, response: http.ServerResponse) => unknown

const redirect: Plain = ({ url }, response) => response.writeHead(308, { location: `https://localhost${url}` }).end()

/** A service with cookies over https, and next to it one over http. */
async function start(t: Test, { cookie = sound, policy = hsts, old = false, allows = false, plain = redirect }) {
  const options = {
    key: pem.private,
    cert: pem.cert,
    ...(old && { minVersion: 'TLSv1' as const, ciphers: 'DEFAULT@SECLEVEL=0' })
  }
  const server = createServer(options, (request, response) => {
    const isMine = request.headers.cookie?.includes('abcdefghijkl')
    if (policy) response.setHeader('strict-transport-security', policy)
    if (allows && request.headers.origin)
      response.setHeaders(
        new Map([
          ['access-control-allow-origin', request.headers.origin],
          ['access-control-allow-credentials', 'true']
        ])
      )
    if (request.url === provePath) return response.end(proveLine(proveToken))
    if (request.url === '/sign-in') response.setHeader('set-cookie', cookie.join('; '))
    response.statusCode = request.url === '/me' && !isMine ? 401 : 200
    response.end('{}')
  }).listen(0, 'localhost')
  await once(server, 'listening')
  t.teardown(() => server.close())
  const other = http.createServer(plain).listen(0, 'localhost')
  await once(other, 'listening')
  t.teardown(() => {
    other.closeAllConnections()
    other.close()
  })
  return {
    url: `https://localhost:${(server.address() as AddressInfo).port}`,
    httpPort: (other.address() as AddressInfo).port
  }
}

async function resultsOf(t: Test, faults: Parameters<typeof start>[1]) {
  const { url, httpPort } = await start(t, faults)
  const { results } = await prove({
    ...{ url, token: proveToken, profile: { ...profile, httpPort }, profileName: 'cookies', ca: pem.cert },
    ...{ only: ['cookies', 'transport'], rate: 100_000, maxRequests: 500, time: 480_000 }
  })
  return results
}

async function findings(t: Test, faults: Parameters<typeof start>[1]) {
  const results = await resultsOf(t, faults)
  return results.filter(({ outcome }) => outcome === 'finding').map(({ id }) => id)
}

const without = (name: string) => sound.filter((part) => !part.startsWith(name))

test('a service with secure cookies over https has no finding', async (t) => t.strictSame(await findings(t, {}), []))

const cases: Record<string, [string[], Parameters<typeof start>[1]]> = {
  'no HttpOnly': [['cookies.httpOnly'], { cookie: without('HttpOnly') }],
  'no Secure': [['cookies.secure'], { cookie: without('Secure') }],
  'no SameSite': [['cookies.sameSite'], { cookie: without('SameSite') }],
  'no prefix': [['cookies.prefix'], { cookie: ['session=abcdefghijkl', ...sound.slice(1)] }],
  'a Domain': [['cookies.domain'], { cookie: [...sound, 'Domain=example.com'] }],
  'sent to and read by other sites': [
    ['cookies.sameSite', 'cookies.csrf'],
    { cookie: [...without('SameSite'), 'SameSite=None'], allows: true }
  ],
  'no HSTS': [['transport.hsts'], { policy: '' }],
  'HSTS for a day': [['transport.hsts'], { policy: 'max-age=86400' }],
  'TLS 1.1': [['transport.oldTls'], { old: true }],
  'answers over http': [['transport.redirect'], { plain: (_, response) => response.end('{}') }],
  'a redirect from http to http': [
    ['transport.redirect'],
    { plain: (_, response) => response.writeHead(301, { location: 'http://localhost/elsewhere' }).end() }
  ]
}
for (const [name, [expected, faults]] of Object.entries(cases))
  test(`${name} is found`, async (t) => t.strictSame(await findings(t, faults), expected))

test('plain HTTP that is refused or not answered is no finding', async (t) => {
  const plains: Plain[] = [
    (_, response) => response.writeHead(403).end(),
    ({ socket }) => socket.destroy(),
    ({ socket }) => socket.end('HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n')
  ]
  for (const plain of plains) t.strictSame(await findings(t, { plain }), [])
  const redirected = (await resultsOf(t, {})).find(({ id }) => id === 'transport.redirect')
  t.match(redirected, { outcome: 'passed', cases: 2, notes: [/^\/me is redirected/] })
})

test('every check of cookies and TLS has a test with a fault', (t) => {
  const expected = (Object.keys(catalogue) as CheckId[]).filter((id) => /^(cookies|transport)\./.test(id))
  const planted = new Set(Object.values(cases).flatMap(([ids]) => ids))
  t.strictSame(
    expected.filter((id) => !planted.has(id)),
    ['transport.plain'],
    'the last test has the other one'
  )
  t.end()
})

test('a certificate of another name is refused', async (t) => {
  const url = (await start(t, {})).url.replace('localhost', '127.0.0.1')
  const options = { rate: 100, maxRequests: 50, time: 60_000, token: proveToken, profile, profileName: '' }
  await t.rejects(prove({ ...options, url }), { message: /gatehouse-prove\.txt/ })
})

test('plain http outside loopback is found', async (t) => {
  const base = new URL('http://api.example.com')
  const client = createClient({ base, budget: createBudget({ rate: 1, maxRequests: 1, time: 1 }) })
  const ledger = createLedger(new Set(), (area) => area === 'transport')
  const a = { ...accounts[0], label: 'A', headers: {}, cookies: [], cacheControl: '', isOurs: false }
  const account = { email: '', password: '', id: undefined, token: undefined, refreshToken: undefined, ...a }
  await transport({ client, ledger, ask: client.ask, profile, a: account })
  const [result] = ledger.results()
  t.match(result, { id: 'transport.plain', outcome: 'finding', evidence: ['http://api.example.com is not https'] })
})
