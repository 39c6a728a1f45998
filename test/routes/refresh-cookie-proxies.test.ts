import t, { test } from 'tap'
import { caller, password, startApp } from '../helpers/app.ts'
import { browsing, setCookie } from '../helpers/cookies.ts'

const strong = 'hZ0vT3cQ9mWk2RxLbYp7sJdN5fUaE8gC'
const production = { NODE_ENV: 'production', BETTER_AUTH_SECRET: strong, TRUST_PROXY: '127.0.0.1' }
const origin = 'https://app.example.com'
const preview = 'https://pr-5.previews.example.com'
const CORS_ORIGINS = 'https://front.example.com,https://*.previews.example.com,capacitor://localhost'
const plain = await startApp(t, { settings: { ...production, CORS_ORIGINS } })
const named = await startApp(t, { settings: { ...production, CORS_ORIGINS, APP_URL: `${origin}/tasks/` } })

/** What proxies make of the Host of app.example.com, and of its X-Forwarded-Host. */
const hosts: Record<string, string>[] = [
  { host: '127.0.0.1:8000' },
  { host: 'localhost' },
  { host: 'gatehouse' },
  { host: '[::1]:8000' },
  { host: 'app.example.com' },
  { host: 'app.example.com:443' },
  { host: 'app.example.com:8000' },
  { host: '127.0.0.1:8000', 'x-forwarded-host': 'app.example.com, 10.0.0.1:80' },
  { host: '127.0.0.1:8000', 'x-forwarded-host': 'evil.example.com' },
  { host: '127.0.0.1:8000', 'x-forwarded-host': '' }
]

for (const [what, { app }] of Object.entries({ 'with APP_URL': named, 'without APP_URL': plain }))
  test(`a page of our own stays logged in, whatever its proxy makes of Host: ${what}`, async (t) => {
    const { signIn, refresh } = browsing(app)
    for (const host of hosts) {
      const { cookie, name, attributes } = await signIn(host.host)
      t.equal(name, '__Host-gatehouse_refresh', JSON.stringify(host))
      t.match(attributes, /; Secure/, JSON.stringify(host))
      const answer = await refresh(cookie, { ...host, origin, 'sec-fetch-site': 'same-origin' })
      t.equal(answer.statusCode, 200, JSON.stringify(host))
      t.match(setCookie(answer), { name, attributes })
    }
  })

test('a browser that does not say where a page is from is known by APP_URL, and by Host without it', async (t) => {
  const [with_, without] = [browsing(named.app), browsing(plain.app)]
  for (const host of hosts) {
    const { cookie } = await with_.signIn()
    t.equal((await with_.refresh(cookie, { ...host, origin })).statusCode, 200, JSON.stringify(host))
  }
  const status = async (headers: Record<string, string>) =>
    (await without.refresh((await without.signIn()).cookie, { origin, ...headers })).statusCode
  t.strictSame([await status({ host: 'app.example.com' }), await status({ host: 'app.example.com:443' })], [200, 200])
  t.equal(await status({ host: '127.0.0.1:8000', 'x-forwarded-host': 'app.example.com' }), 200)
  t.equal(await status({ host: '127.0.0.1:8000' }), 403)
  const { cookie } = await with_.signIn()
  const old = await with_.refresh(cookie, { host: 'api.example.com', origin: 'https://api.example.com' })
  t.equal(old.statusCode, 403, 'where there is a setting, Host does not count')
})

test('a page of another origin cannot use the cookie, on the same site neither, and the log says why', async (t) => {
  for (const { app, lines } of [named, plain]) {
    const { signIn, refresh } = browsing(app)
    const { cookie } = await signIn()
    const foreign: Record<string, string>[] = [
      { origin: 'https://evil.example.com', 'sec-fetch-site': 'same-site' },
      { origin: 'https://api.example.com', 'sec-fetch-site': 'same-site' },
      { origin: 'https://evil.test', 'sec-fetch-site': 'cross-site' },
      { origin: 'null', 'sec-fetch-site': 'cross-site' },
      { origin: 'null' },
      { origin: '' },
      { origin: 'chrome-extension://abc', 'sec-fetch-site': 'none' },
      { 'sec-fetch-site': 'same-site' },
      { 'sec-fetch-site': 'cross-site' },
      { origin: preview, 'sec-fetch-site': 'same-site' },
      { origin: preview },
      { origin: 'https://*.previews.example.com' },
      { origin: 'http://app.example.com' },
      { origin: 'https://app.example.com.evil.test' }
    ]
    for (const headers of foreign) {
      const answer = await refresh(cookie, headers)
      t.equal(answer.statusCode, 403, JSON.stringify(headers))
      t.match(lines.at(-1), { status: 403, refusal: /^cookie of another origin: \{.*APP_URL/ })
    }
    await refresh(cookie, { origin: `https://${'a'.repeat(5_000)}\u009b`, 'sec-fetch-site': 'cross-site' })
    t.ok(String(lines.at(-1)?.refusal).length < 600)
    t.equal((await refresh(cookie)).statusCode, 200, 'it is not used up')
  }
})

test('an origin that is named can, on another site too', async (t) => {
  const { signIn, refresh } = browsing(plain.app)
  for (const origin of ['https://front.example.com', 'capacitor://localhost'])
    for (const site of ['same-site', 'cross-site', 'none']) {
      const { cookie } = await signIn()
      t.equal((await refresh(cookie, { origin, 'sec-fetch-site': site })).statusCode, 200, `${origin} ${site}`)
    }
  const { cookie } = await signIn()
  t.equal((await refresh(cookie, { 'sec-fetch-site': 'none' })).statusCode, 200, 'and what no page sent')
})

test('a preview logs in and calls, but neither gets the cookie nor takes it away', async (t) => {
  const { app } = plain
  const { anyone, signIn } = browsing(app)
  const { email, cookie } = await signIn()
  const headers = { origin: preview, host: 'api.example.com', cookie }
  const answer = await anyone.post('/api/auth/login', { email, password, refresh_cookie: true }, { headers })
  t.equal(answer.statusCode, 200)
  t.notOk('set-cookie' in answer.headers || 'refresh_token' in answer.json())
  t.equal(answer.headers['access-control-allow-origin'], preview)
  const user = caller(app, answer.json().access_token)
  t.equal((await user.get('/api/tasks', undefined, { headers })).statusCode, 200)
  const bye = await user.post('/api/auth/logout', undefined, { headers })
  t.equal(bye.statusCode, 200)
  t.notOk('set-cookie' in bye.headers)
})

test('at home APP_URL says which cookie, too', async (t) => {
  for (const [APP_URL, name] of [
    ['http://localhost:3000', 'gatehouse_refresh'],
    ['http://192.168.1.5:8000', 'gatehouse_refresh'],
    ['https://app.example.com', '__Host-gatehouse_refresh']
  ] as const) {
    const { app } = await startApp(t, { settings: { APP_URL } })
    for (const host of ['localhost:8000', '192.168.1.5:8000', 'app.example.com'])
      t.equal((await browsing(app).signIn(host)).name, name, `${APP_URL} ${host}`)
  }
})
