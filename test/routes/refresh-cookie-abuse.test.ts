import t, { test } from 'tap'
import { startApp } from '../helpers/app.ts'
import { browsing } from '../helpers/cookies.ts'
import { refreshing } from '../helpers/refreshing.ts'
import { refused } from '../helpers/refused.ts'

const { app } = await startApp(t, { settings: { CORS_ORIGINS: 'https://front.example.com' } })
const { anyone, signIn, refresh } = browsing(app)
const { rowOf, eventsOf } = refreshing(app)

const foreign = [
  'https://evil.example.com',
  'https://example.com',
  'http://api.example.com',
  'https://api.example.com:8443',
  'https://api.example.com.evil.example.com',
  'https://front.example.com:444',
  'http://localhost:3000',
  'https://api.example.com/',
  'https://API.example.com',
  'null',
  '',
  'file://',
  'https://api.example.com, https://evil.example.com',
  'about:blank'
]
test('a page of another site cannot use the cookie, and does not use it up', async (t) => {
  const { cookie, value } = await signIn()
  for (const origin of foreign) {
    const answer = await refresh(cookie, { origin })
    t.match(answer, { statusCode: 403, body: '"code":"forbidden"' }, JSON.stringify(origin))
    t.notOk(answer.headers['set-cookie'])
  }
  t.match(await rowOf(value), { previous_hash: null })
  t.strictSame(await eventsOf(value), [])
  t.equal((await refresh(cookie)).statusCode, 200)
})

test('a page of our own or of a trusted site can', async (t) => {
  for (const origin of ['https://api.example.com', 'https://front.example.com']) {
    const { cookie } = await signIn()
    t.equal((await refresh(cookie, { origin })).statusCode, 200, origin)
  }
  for (const host of ['localhost:8000', '127.0.0.1:8000', '[::1]:8000'])
    for (const origin of [`http://${host}`, `https://${host}`]) {
      const { cookie } = await signIn(host)
      t.equal((await refresh(cookie, { origin, host })).statusCode, 200, origin)
    }
  const { cookie } = await signIn('localhost:8000')
  const other = await refresh(cookie, { host: 'localhost:8000', origin: 'http://localhost:9000' })
  t.equal(other.statusCode, 403, 'another port is another site')
})

test('a cookie of the other kind is none', async (t) => {
  const { value } = await signIn()
  refused(t, await refresh(`gatehouse_refresh=${value}`), 'invalid_token', 'without the prefix, beyond localhost')
  const tossed = await refresh(`__Host-gatehouse_refresh=${value}`, { host: 'localhost:8000' })
  refused(t, tossed, 'invalid_token', 'with it, at localhost')
})

test('cookies that somebody tossed or garbled are refused and end nobody’s session', async (t) => {
  const { name, cookie, value } = await signIn()
  const garbage = [
    '',
    '%',
    '%ff',
    '%E0%A4%A',
    '"',
    '""',
    `"${value}`,
    `${value}%00`,
    '=',
    '\\',
    '{}',
    'x'.repeat(8_000)
  ]
  for (const wrong of garbage) refused(t, await refresh(`${name}=${wrong}`), 'invalid_token', JSON.stringify(wrong))
  for (const wrong of ['', ';', '=;=;', name, `${name};`, `${name.toLowerCase()}=${value}`, '__proto__=x', 'a=b;;;c'])
    refused(t, await refresh(wrong), 'invalid_token', JSON.stringify(wrong))
  refused(t, await refresh(`${name}=garbage; ${cookie}`), 'invalid_token', 'of two the first counts')
  t.equal((await refresh(`other=%; __proto__=x; ${cookie}; ${name}=garbage`)).statusCode, 200, 'among others')
})

test('a token in the body comes before the cookie, which stays as it is', async (t) => {
  const [ann, bob] = [await signIn(), await signIn()]
  const options = { headers: { host: 'api.example.com', cookie: ann.cookie, origin: 'https://evil.example.com' } }
  const answer = await anyone.post('/api/auth/refresh', { refresh_token: bob.value }, options)
  t.equal(answer.json().user.email, bob.email)
  t.notOk(answer.headers['set-cookie'])
  t.match(await rowOf(ann.value), { previous_hash: null })
})
