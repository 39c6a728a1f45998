import { rmSync } from 'node:fs'
import { join } from 'node:path'
import t, { test } from 'tap'
import { pagePaths } from '../../plugins/web.ts'
import { startApp } from '../helpers/app.ts'
import { listen, message } from '../helpers/raw.ts'
import { until } from '../helpers/wait.ts'
import { page, webFiles } from '../helpers/web-files.ts'

const browser = 'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8'
const WEB_DIR = webFiles(t)
const { app: own } = await startApp(t, { settings: { WEB_DIR }, isOwnWeb: true })
const { app: custom } = await startApp(t, { settings: { WEB_DIR } })
const { app: bare } = await startApp(t)
const listening = new Map([own, custom].map((app) => [app, listen(app)]))
const sockets = async (app: typeof own) => (await listening.get(app)) ?? listen(app)

const get = (app: typeof own, url: string, accept?: string) =>
  app.inject({ url, headers: accept === undefined ? {} : { accept } })

/** Addresses that an app may have a page for. */
const addresses = [
  '/projects/5',
  '/projects/5/',
  '/a?b=c.d',
  '/caf%C3%A9',
  '/LOGIN',
  '/apis',
  '/docsy',
  '/a.b/c',
  '//evil'
]
/** Addresses of the API or of files, and misleading ones. */
const others = [
  ...['/api', '/api/', '/api/projects/5', '/API/x', '/%61pi/x', '/docs/x', '/health/x', '/health/'],
  ...['/.well-known', '/.well-known/x', '/%2ewell-known/x', '/.git/config', '/.env'],
  ...['/favicon.ico', '/projects/a.js', '/projects/a.js/', '/a%2Ejs', '/a%2fb.js', '/assets/gone.js', '/index.html']
]

/** What a page may load, and who may frame it. */
const policyOf = async (app: typeof own, url: string) =>
  (await get(app, url, browser)).headers['content-security-policy']

test('a page at an unknown address has the same Content-Security-Policy as any other page', async (t) => {
  const policy = await policyOf(own, '/login')
  t.match(policy, /^default-src 'none';script-src 'self';/)
  for (const app of [own, custom]) t.equal(await policyOf(app, '/projects/5'), policy)
})

test("a browser at an unknown address gets our app's page, which says that it does not exist", async (t) => {
  for (const url of addresses) {
    const answer = await get(own, url, browser)
    t.equal(answer.statusCode, 404, url)
    t.equal(answer.body, page, url)
    t.match(answer.headers, { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' }, url)
  }
  for (const accept of [undefined, '*/*', 'application/json', 'text/*', 'text/html;q=0, */*', 'text/html;q=0.00'])
    t.match((await get(own, '/projects/5', accept)).json(), { status: 404, code: 'not_found' }, String(accept))
})

test('an app with its own routes gets its page at every possible address', async (t) => {
  for (const accept of [undefined, browser, '*/*', 'text/*', 'application/json, TEXT/HTML ; q=0.1', 'text/html;seq=0'])
    for (const url of addresses) {
      const answer = await get(custom, url, accept)
      t.equal(answer.statusCode, 200, `${url} ${accept}`)
      t.equal(answer.body, page)
      t.match(answer.headers, { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-cache' })
    }
  for (const accept of ['application/json', 'text/html;q=0', 'text/html;q=0, */*', '*/*;q=0', ''])
    t.match((await get(custom, '/projects/5', accept)).json(), { status: 404, code: 'not_found' }, String(accept))
})

test('paths of the API and of files, and other methods, are refused', async (t) => {
  for (const app of [own, custom]) {
    for (const url of others) {
      const answer = await get(app, url, browser)
      t.match(answer.json(), { status: 404, code: 'not_found' }, url)
      t.equal(answer.headers['content-security-policy'], "default-src 'none';frame-ancestors 'none'")
    }
    for (const url of ['/projects/5', '/login/']) {
      const answer = await app.inject({ method: 'POST', url, headers: { accept: browser } })
      t.match(answer.json(), { status: 404, code: 'not_found' }, url)
    }
    t.equal((await get(app, '/api/auth/login', browser)).statusCode, 405)
    t.equal((await get(app, '/%ff', browser)).statusCode, 400)
    const { send } = await sockets(app)
    for (const target of ['http://a/projects/5', '/\\api/x', '/a/../api/x', '/a/%2e%2e/x', '//api/x', '/./x']) {
      const [answer] = await send(message(`GET ${target} HTTP/1.1`, 'Host: a', `Accept: ${browser}`))
      t.match(answer, { status: 404, headers: { 'content-type': /problem\+json/ } }, target)
    }
  }
})

test('the page has the usual headers, and varies by Accept', async (t) => {
  const expected = (await get(own, '/')).headers
  const differing = ['cache-control', 'content-type', 'date', 'etag', 'last-modified', 'vary', 'x-request-id']
  for (const app of [own, custom]) {
    const { headers } = await get(app, '/projects/5', browser)
    for (const [name, value] of Object.entries(expected))
      if (!differing.includes(name)) t.equal(headers[name], value, name)
    t.equal(headers.vary, 'Origin, Accept')
    const head = await app.inject({ method: 'HEAD', url: '/projects/5', headers: { accept: browser } })
    t.strictSame(
      { ...head.headers, date: '', 'x-request-id': '' },
      { ...headers, date: '', 'x-request-id': '' },
      'HEAD answers as GET does'
    )
    t.equal(head.body, '')
  }
})

test('a trailing slash redirects to the page with its query, never to another host', async (t) => {
  for (const path of pagePaths.filter((path) => path !== '/'))
    for (const query of ['', '?next=%2Fprofile', '?next=//evil.example/?a'])
      for (const app of [own, custom]) {
        const answer = await get(app, `${path}/${query}`)
        t.equal(answer.statusCode, 301, path)
        t.equal(answer.headers.location, `${path}${query}`)
      }
  const { send } = await sockets(custom)
  for (const url of [
    '//evil.example/login/',
    '/\\evil.example/',
    '//login/',
    '///evil/%2e%2e/login/',
    '/login//',
    '//'
  ]) {
    const [answer] = await send(message(`GET ${url} HTTP/1.1`, 'Host: a', `Accept: ${browser}`))
    t.equal(answer?.headers.location, undefined, url)
  }
})

test('unknown addresses count against the limit on unknown URLs, also with a page', async (t) => {
  const { app } = await startApp(t, { settings: { WEB_DIR, RATE_LIMIT_ENABLED: 'true', RATE_LIMIT_UNKNOWN: '2' } })
  const statuses = []
  for (const url of ['/projects/1', '/login/', '/projects/2']) statuses.push((await get(app, url, browser)).statusCode)
  t.strictSame(statuses, [200, 301, 429])
})

test('without the built files there is only the API', async (t) => {
  const folder = webFiles(t)
  const { app } = await startApp(t, { settings: { WEB_DIR: folder } })
  t.equal((await get(app, '/projects/5', browser)).statusCode, 200)
  for (const name of ['index.html', 'index.html.br', 'index.html.gz']) rmSync(join(folder, name))
  for (const url of ['/projects/5', '/'])
    await until(`no page at ${url}`, async () => (await get(app, url, browser)).statusCode === 404)
  for (const url of ['/projects/5', '/']) t.match((await get(app, url, browser)).json(), { code: 'not_found' }, url)
  for (const url of ['/projects/5', '/login/']) t.equal((await get(bare, url, browser)).statusCode, 404, url)
})

test('password managers find the page that changes a password, of our own app only', async (t) => {
  const url = '/.well-known/change-password'
  for (const method of ['GET', 'HEAD'] as const)
    t.match(await own.inject({ method, url }), { statusCode: 302, headers: { location: '/password' } }, method)
  t.ok(pagePaths.includes('/password'))
  for (const app of [custom, bare]) t.equal((await get(app, url, browser)).statusCode, 404)
  // By this address they check that the status codes can be relied on.
  const missing = '/.well-known/resource-that-should-not-exist-whose-status-code-should-not-be-200'
  for (const app of [own, custom, bare]) t.equal((await get(app, missing, browser)).statusCode, 404)
})
