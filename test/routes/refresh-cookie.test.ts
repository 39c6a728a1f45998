import t, { test } from 'tap'
import { caller, password, startApp } from '../helpers/app.ts'
import { browsing, setCookie } from '../helpers/cookies.ts'
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

test('who does not ask for a cookie gets none', async (t) => {
  const { email } = await signIn()
  for (const refresh_cookie of [false, undefined]) {
    const answer = await anyone.post('/api/auth/login', { email, password, refresh_cookie })
    t.notOk(answer.headers['set-cookie'])
    t.match(answer.json().refresh_token, /^[\w-]{86}$/)
  }
  for (const refresh_cookie of ['true', 1, null])
    t.equal((await anyone.post('/api/auth/login', { email, password, refresh_cookie })).statusCode, 400)
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

test('a change of password keeps the refresh token where it was', async (t) => {
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
