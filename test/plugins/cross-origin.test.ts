import t, { test } from 'tap'
import { startApp } from '../helpers/app.ts'

const exact = ['https://app.example.com', 'capacitor://localhost', 'tauri://localhost', 'ionic://localhost']
const apps = ['chrome-extension://abcdefghijklmnopabcdefghijklmnop', 'https://tauri.localhost', 'http://localhost']
const CORS_ORIGINS = [...exact, ...apps, 'https://*.example.app', 'https://*.previews.example.org:8443'].join(',')
const { app } = await startApp(t, { settings: { CORS_ORIGINS, CORS_HEADERS: 'X-Tenant, x-datadog-trace-id' } })

const ask = (origin: string, method: 'GET' | 'OPTIONS' = 'OPTIONS') =>
  app.inject({ method, url: '/api/tasks', headers: { origin, 'access-control-request-method': 'GET' } })

test('a preflight allows the headers of tracing, and configured ones', async (t) => {
  const allowed = String((await ask('https://app.example.com')).headers['access-control-allow-headers']).split(', ')
  const tracing = ['sentry-trace', 'baggage', 'traceparent', 'tracestate', 'x-requested-with']
  for (const name of [...tracing, 'x-tenant', 'x-datadog-trace-id', 'authorization']) t.ok(allowed.includes(name), name)
})

test('the origins of apps and of previews are allowed, and a pattern matches exactly one label', async (t) => {
  const previews = ['https://pr-5.example.app', 'https://a.example.app', 'https://x1.previews.example.org:8443']
  for (const origin of [...exact, ...apps, ...previews, 'https://xn--mller-kva.example.app'])
    for (const method of ['GET', 'OPTIONS'] as const)
      t.equal((await ask(origin, method)).headers['access-control-allow-origin'], origin, origin)
  const others = [
    ...['null', 'https://example.app', 'https://.example.app', 'https://a.b.example.app', 'https://evilexample.app'],
    ...['https://aexample.app', 'https://a.exampleXapp', 'https://a.example.app.evil.test', 'http://a.example.app'],
    ...['https://a.example.app:8443', 'https://a.example.app/', 'https://a.example.app\n', 'https://-a.example.app'],
    ...['https://a-.example.app', 'https://u@a.example.app', 'https://*.example.app', 'https://A.example.app'],
    ...[`https://${'a'.repeat(64)}.example.app`, 'https://a/.example.app', 'https://evil.test#.example.app'],
    ...[
      'capacitor://localhost:1',
      'capacitor://evil',
      'chrome-extension://abcdefghijklmnopabcdefghijklmnoa',
      'tauri://'
    ],
    ...['https://x.previews.example.org', 'https://evil.test?a.example.app', 'https://evil.test\\.example.app']
  ]
  for (const origin of others)
    for (const method of ['GET', 'OPTIONS'] as const)
      t.notOk('access-control-allow-origin' in (await ask(origin, method)).headers, JSON.stringify(origin))
})
