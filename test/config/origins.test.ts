import { test } from 'tap'
import { loadConfig } from '../../src/config/config.ts'
import { secret } from '../helpers/app.ts'

const strong = 'hZ0vT3cQ9mWk2RxLbYp7sJdN5fUaE8gC'
const load = (settings: Record<string, string>) => loadConfig({ BETTER_AUTH_SECRET: secret, ...settings })

const accepted: [string, string, object][] = [
  [
    'CORS_ORIGINS',
    'capacitor://localhost,tauri://localhost',
    { corsOrigins: ['capacitor://localhost', 'tauri://localhost'] }
  ],
  ['CORS_ORIGINS', 'chrome-extension://abcdefghijklmnopabcdefghijklmnop', {}],
  ['CORS_ORIGINS', 'moz-extension://2c127fa4-62c7-7e4f-90e5-472b45eecfdc, app://obsidian.md', {}],
  ['CORS_ORIGINS', 'https://*.example.app', { corsOrigins: ['https://*.example.app'] }],
  ['CORS_ORIGINS', 'https://*.previews.example.co.uk:8443,https://*.team.corp.internal', {}],
  ['CORS_HEADERS', 'X-Tenant, x-b3-traceid', { corsHeaders: ['x-tenant', 'x-b3-traceid'] }],
  ['APP_URL', 'https://app.example.com/', { appUrl: 'https://app.example.com' }],
  ['APP_URL', 'https://app.example.com/tasks//', { appUrl: 'https://app.example.com/tasks' }],
  ['APP_URL', 'http://192.168.1.5:8000', { appUrl: 'http://192.168.1.5:8000' }]
]
for (const [name, value, expected] of accepted)
  test(`${name}=${value} is accepted`, async (t) => {
    t.match(load({ [name]: value }), expected)
  })

const refused: Record<string, string[]> = {
  CORS_ORIGINS: [
    ...['*', 'null', 'https://*', 'https://*.*', 'https://*.app', 'https://*.co.uk', 'https://*.vercel.app'],
    ...[
      'https://*.github.io',
      'https://*.localhost',
      'https://*.0.0.1',
      'https://*.*.example.app',
      'https://a*.example.app'
    ],
    ...[
      'https://x.*.example.app',
      'https://*example.app',
      '*.example.app',
      'http://*.example.app',
      'https://*.Example.app'
    ],
    ...['https://*.example.app/', 'https://*.example.app:443', 'https://*.example..app', 'capacitor://*', 'file://x'],
    ...[
      'file:///x',
      'data://x',
      'javascript://x',
      'capacitor://localhost/',
      'capacitor://',
      'capacitor:localhost',
      'wss://a.example'
    ]
  ],
  CORS_HEADERS: ['*', 'x tenant', 'x:y', 'é'],
  APP_URL: [
    'app.example.com',
    'ftp://app.example.com',
    'https://u:p@app.example.com',
    'https://a.example/?x',
    'https://a.example/#x',
    'https://'
  ]
}
for (const [name, values] of Object.entries(refused))
  for (const value of values)
    test(`${name}=${value} is refused by name`, async (t) => {
      t.throws(() => load({ [name]: value }), { message: new RegExp(`^ {2}- ${name}: `, 'm') })
    })

test('in production links must use https, except to this machine', async (t) => {
  const production = { NODE_ENV: 'production', BETTER_AUTH_SECRET: strong }
  for (const APP_URL of [
    'https://app.example.com',
    'http://localhost:8000',
    'http://127.0.0.1',
    'http://[::1]:8000/app'
  ])
    t.ok(load({ ...production, APP_URL }), APP_URL)
  for (const APP_URL of ['http://app.example.com', 'http://localhost.example.com', 'http://192.168.1.5:8000'])
    t.throws(() => load({ ...production, APP_URL }), { message: /APP_URL: must be https in production/ }, APP_URL)
})
