import t, { test } from 'tap'
import { caller, password, startApp } from '../helpers/app.ts'
import { browsing, setCookie } from '../helpers/cookies.ts'
import { refreshing } from '../helpers/refreshing.ts'
import { refused } from '../helpers/refused.ts'

const { app } = await startApp(t)
const { anyone, signIn, refresh } = browsing(app)

const month = 30 * 24 * 3600
const kinds = {
  'localhost:8000': {
    name: 'gatehouse_refresh',
    attributes: `Max-Age=${month}; Path=/api/auth; HttpOnly; SameSite=Strict`
  },
  '127.0.0.1:8000': {
    name: 'gatehouse_refresh',
    attributes: `Max-Age=${month}; Path=/api/auth; HttpOnly; SameSite=Strict`
  },
  '[::1]:8000': {
    name: 'gatehouse_refresh',
    attributes: `Max-Age=${month}; Path=/api/auth; HttpOnly; SameSite=Strict`
  },
  'api.example.com': {
    name: '__Host-gatehouse_refresh',
    attributes: `Max-Age=${month}; Path=/; HttpOnly; Secure; SameSite=Strict`
  },
  'localhost.example.com': {
    name: '__Host-gatehouse_refresh',
    attributes: `Max-Age=${month}; Path=/; HttpOnly; Secure; SameSite=Strict`
  }
}

for (const [host, { name, attributes }] of Object.entries(kinds))
  test(`a browser at ${host} gets ${name}, as safe as it can be there, and no refresh token in the body`, async (t) => {
    const { answer, email, ...cookie } = await signIn(host)
    t.equal(answer.statusCode, 201)
    t.match(cookie, { name, attributes, value: /^[\w-]{86}$/ })
    t.notOk(answer.body.includes('"refresh_token"') || answer.body.includes(cookie.value))
    t.equal(answer.json().refresh_expires_in, month)
    const login = { email, password, refresh_cookie: true }
    const again = await anyone.post('/api/auth/login', login, { headers: { host } })
    t.match(setCookie(again), { name, attributes })
    t.notOk(again.body.includes('"refresh_token"'))

    const renewed = await refresh(cookie.cookie, { host })
    t.equal(renewed.statusCode, 200)
    t.match(setCookie(renewed), { name, attributes, value: /^[\w-]{86}$/ })
    t.not(setCookie(renewed).value, cookie.value)
    t.notOk(renewed.body.includes('"refresh_token"'))
    t.equal((await refresh(setCookie(renewed).cookie, { host })).statusCode, 200)
  })

test('without refresh_cookie, no cookie is set', async (t) => {
  const { email } = await signIn()
  for (const refresh_cookie of [false, undefined]) {
    const answer = await anyone.post('/api/auth/login', { email, password, refresh_cookie })
    t.notOk(answer.headers['set-cookie'])
    t.match(answer.json().refresh_token, /^[\w-]{86}$/)
  }
  for (const refresh_cookie of ['true', 1, null])
    t.equal((await anyone.post('/api/auth/login', { email, password, refresh_cookie })).statusCode, 400)
})

test('a browser that may have no cookie learns so without an error', async (t) => {
  const headers = { host: 'api.example.com' }
  const ask = (body: object, more: Record<string, string> = {}) =>
    anyone.post('/api/auth/refresh', body, { headers: { ...headers, ...more } })
  const nobody = await ask({ refresh_cookie: true })
  t.match(nobody, { statusCode: 204, body: '' })
  t.notOk(nobody.headers['set-cookie'])
  refused(t, await ask({ refresh_cookie: false }), 'invalid_token', 'who does not ask for it')
  refused(t, await ask({}), 'invalid_token', 'nor so')
  const unknown = { cookie: '__Host-gatehouse_refresh=unknown' }
  refused(t, await ask({ refresh_cookie: true }, unknown), 'invalid_token', 'a wrong cookie')
  const { cookie } = await signIn()
  t.equal((await ask({ refresh_cookie: true }, { cookie, origin: 'https://evil.example.com' })).statusCode, 403)
  t.equal((await ask({ refresh_cookie: true }, { cookie })).statusCode, 200)
})

for (const host of ['api.example.com', 'localhost:8000'])
  test(`logout and deletion clear the cookie at ${host}`, async (t) => {
    for (const url of ['/api/auth/logout', '/api/auth/profile/delete']) {
      const { token, cookie, name, attributes } = await signIn(host)
      const body = url.endsWith('delete') ? { password } : undefined
      const answer = await caller(app, token).post(url, body, { headers: { host, cookie } })
      t.match(setCookie(answer), { name, value: '', attributes: attributes.replace(String(month), '0') }, url)
      refused(t, await refresh(cookie, { host }), 'invalid_token', 'the cookie')
    }
    const { token } = await signIn(host)
    t.notOk((await caller(app, token).post('/api/auth/logout')).headers['set-cookie'], 'where there is none, nothing')
  })

test('after a password change by cookie, the new refresh token is in the cookie', async (t) => {
  const { token, cookie, name, attributes } = await signIn()
  const change = { current_password: password, new_password: 'another-horse-8' }
  const headers = { host: 'api.example.com', cookie }
  const evil = { headers: { ...headers, origin: 'https://evil.example.com' } }
  t.equal((await caller(app, token).put('/api/auth/password', change, evil)).statusCode, 403)
  const answer = await caller(app, token).put('/api/auth/password', change, { headers })
  t.equal(answer.statusCode, 200)
  t.notOk(answer.body.includes('"refresh_token"'))
  t.match(setCookie(answer), { name, attributes })
  refused(t, await refresh(cookie), 'invalid_token', 'the old one')
  t.equal((await refresh(setCookie(answer).cookie)).statusCode, 200)
})

test('only pages of our own and of trusted sites can use the refresh cookie', async (t) => {
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
  t.test('a page of another site cannot use the cookie, and does not use it up', async (t) => {
    const { cookie, value } = await signIn()
    for (const origin of foreign) {
      const answer = await refresh(cookie, { origin })
      t.match(answer, { statusCode: 403, body: /"code":"forbidden"/ }, JSON.stringify(origin))
      t.notOk(answer.headers['set-cookie'])
    }
    t.match(await rowOf(value), { previous_hash: null })
    t.strictSame(await eventsOf(value), [])
    t.equal((await refresh(cookie)).statusCode, 200)
  })

  t.test('a page of our own or of a trusted site can use the cookie', async (t) => {
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

  t.test('a cookie with the other name is ignored', async (t) => {
    const { value } = await signIn()
    refused(t, await refresh(`gatehouse_refresh=${value}`), 'invalid_token', 'without the prefix, beyond localhost')
    const tossed = await refresh(`__Host-gatehouse_refresh=${value}`, { host: 'localhost:8000' })
    refused(t, tossed, 'invalid_token', 'with it, at localhost')
  })

  t.test('injected or malformed cookies are refused and end no session', async (t) => {
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

  t.test('a token in the body takes precedence over the cookie, which is not changed', async (t) => {
    const [ann, bob] = [await signIn(), await signIn()]
    const options = { headers: { host: 'api.example.com', cookie: ann.cookie, origin: 'https://evil.example.com' } }
    const answer = await anyone.post('/api/auth/refresh', { refresh_token: bob.value }, options)
    t.equal(answer.json().user.email, bob.email)
    t.notOk(answer.headers['set-cookie'])
    t.match(await rowOf(ann.value), { previous_hash: null })
  })
})

test('behind a proxy, only pages of our own and of trusted origins can use the refresh cookie', async (t) => {
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
    t.test(`a page of our own stays logged in, whatever its proxy makes of Host: ${what}`, async (t) => {
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

  t.test('without Sec-Fetch-Site, Origin must be that of APP_URL or, if that is not set, of Host', async (t) => {
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

  t.test('a page of another origin cannot use the cookie, even on the same site, and the log says why', async (t) => {
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
        t.equal((await refresh('', headers)).statusCode, 401, `${JSON.stringify(headers)}, without a cookie`)
      }
      await refresh(cookie, { origin: `https://${'a'.repeat(5_000)}\u009b`, 'sec-fetch-site': 'cross-site' })
      t.ok(String(lines.at(-1)?.refusal).length < 600)
      t.equal((await refresh(cookie)).statusCode, 200, 'it is not used up')
    }
  })

  t.test('an origin in CORS_ORIGINS can use the cookie, even on another site', async (t) => {
    const { signIn, refresh } = browsing(plain.app)
    for (const origin of ['https://front.example.com', 'capacitor://localhost'])
      for (const site of ['same-site', 'cross-site', 'none']) {
        const { cookie } = await signIn()
        t.equal((await refresh(cookie, { origin, 'sec-fetch-site': site })).statusCode, 200, `${origin} ${site}`)
      }
    const { cookie } = await signIn()
    t.equal((await refresh(cookie, { 'sec-fetch-site': 'none' })).statusCode, 200, 'and what no page sent')
  })

  t.test('a preview can log in and call, but neither sets nor clears the cookie', async (t) => {
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
})

for (const [APP_URL, name] of [
  ['http://localhost:3000', 'gatehouse_refresh'],
  ['http://192.168.1.5:8000', 'gatehouse_refresh'],
  ['https://app.example.com', '__Host-gatehouse_refresh']
] as const)
  test(`${APP_URL} as APP_URL determines the cookie outside production, too`, async (t) => {
    const { app } = await startApp(t, { settings: { APP_URL } })
    for (const host of ['localhost:8000', '192.168.1.5:8000', 'app.example.com'])
      t.equal((await browsing(app).signIn(host)).name, name, host)
  })
