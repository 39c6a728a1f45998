import type { HTTPMethods } from 'fastify'
import t, { test } from 'tap'
import { startApp } from '../helpers/app.ts'
import { contractOf } from '../helpers/contract.ts'
import { routesOf, urlOf } from '../helpers/routes.ts'

const { app, signUp } = await startApp(t)
const ann = await signUp()
const authorization = `Bearer ${ann.token}`

const { paths } = contractOf(app)
/** Whether a path with parameters also matches another path, and so takes the methods that the other one lacks. */
const matches = (template: string, path: string) =>
  template !== path && new RegExp(`^${template.replace(/\{\w+\}/g, '[^/{}]+')}$`).test(path)
const known = Object.entries(paths).map(([path, item]) => {
  const methods = Object.keys(item).map((method) => method.toUpperCase())
  return {
    url: urlOf(path.replace(/\{(\w+)\}/g, ':$1')),
    allowed: methods.includes('GET') ? ['HEAD', ...methods] : methods,
    elsewhere: Object.keys(paths)
      .filter((template) => matches(template, path))
      .flatMap((template) => Object.keys(paths[template] ?? {}).map((method) => method.toUpperCase()))
  }
})
const methods: HTTPMethods[] = [
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'PATCH',
  'DELETE',
  'TRACE',
  'PROPFIND',
  'QUERY',
  'SEARCH',
  'LOCK'
]

test('an unsupported method is a 405 with the supported ones', async (t) => {
  for (const { url, allowed, elsewhere } of known)
    for (const method of methods.filter((method) => ![...allowed, ...elsewhere].includes(method))) {
      const answer = await app.inject({ method, url })
      t.equal(answer.statusCode, 405, `${method} ${url}`)
      t.strictSame(String(answer.headers.allow).split(', ').sort(), allowed.toSorted(), `${method} ${url}`)
      if (method !== 'HEAD') t.equal(answer.json().code, 'method_not_allowed')
    }
})

test('an unknown URL is refused before its body is read', async (t) => {
  const bodies = [
    ['{', 'application/json'],
    ['x'.repeat(70_000), 'application/json'],
    ['x', 'text/plain'],
    ['x', 'nonsense']
  ] as const
  for (const [payload, type] of bodies)
    for (const [url, status] of [
      ['/nothing', 404],
      ['/health', 405],
      ['/api/tasks/a/b', 404]
    ] as const) {
      const answer = await app.inject({
        method: 'POST',
        url,
        payload,
        headers: { 'content-type': type, authorization }
      })
      t.equal(answer.statusCode, status, `${url} ${type}`)
    }
})

test('URLs are matched exactly, including slashes and case', async (t) => {
  for (const { url } of known) {
    const [slash, twice, upper] = [`${url}/`, url.replace('/', '//'), url.toUpperCase()]
    for (const other of [twice, upper]) t.equal((await app.inject({ url: other })).statusCode, 404, other)
    const answer = await app.inject({ url: slash, headers: { authorization } })
    // 403: an empty id at a route of admins.
    t.ok([400, 403, 404, 405].includes(answer.statusCode), `${slash}: ${answer.statusCode}`)
    t.match(answer.headers['content-type'], /^application\/problem\+json/)
  }
  for (const url of [
    '/',
    '/api',
    '/api/',
    '/api/auth',
    '/favicon.ico',
    '/.env',
    '/../etc/passwd',
    '/docs/..%2f..%2fpackage.json',
    '/health;a',
    '/metrics'
  ])
    t.equal((await app.inject(url)).statusCode, 404, url)
})

test('HEAD answers like GET, without the body', async (t) => {
  // /health contains this number, whose length would vary.
  t.capture(app.revocations, 'staleness', () => 7)
  // A HEAD need not have the framing of a body (RFC 9110, section 9.3.2).
  const changing = ['date', 'x-request-id', 'keep-alive', 'connection', 'transfer-encoding']
  const routes = routesOf(app).filter(({ method, path }) => method === 'GET' && !path.includes('*'))
  t.ok(routes.length > 10)
  const { id } = (await ann.post('/api/tasks', { title: 'a' })).json()
  for (const { path } of routes) {
    const url = path.replace(':user_id', ann.id).replace(':id', id)
    for (const headers of [{}, { authorization }]) {
      const [get, head] = [await app.inject({ url, headers }), await app.inject({ method: 'HEAD', url, headers })]
      const lasting = (answer: typeof get) =>
        Object.fromEntries(Object.entries(answer.headers).filter(([name]) => !changing.includes(name)))
      t.equal(head.statusCode, get.statusCode, url)
      t.strictSame(lasting(head), lasting(get), url)
      t.equal(head.body, '', url)
    }
  }
})
