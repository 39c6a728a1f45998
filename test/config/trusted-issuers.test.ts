import { test } from 'tap'
import { loadConfig } from '../../src/config/config.ts'

const load = (settings: Record<string, string>) =>
  loadConfig({ BETTER_AUTH_SECRET: 'a-long-value-that-only-the-tests-know', ...settings })
const one = {
  issuer: 'https://login.example',
  audience: 'https://api.example',
  jwks_url: 'https://login.example/keys',
  algorithms: ['RS256']
}
const list = (...entries: unknown[]) => JSON.stringify(entries)
const all = ['EdDSA', 'ES256', 'ES512', 'RS256', 'PS256']

test('BETTER_AUTH_URL has the same value as at the Better Auth server, and determines the issuer', async (t) => {
  const urls: [string, string, string][] = [
    ['https://auth.example', 'https://auth.example', '/api/auth/jwks'],
    ['https://auth.example/', 'https://auth.example', '/api/auth/jwks'],
    ['https://AUTH.example:443/api/auth/', 'https://auth.example', '/api/auth/jwks'],
    ['https://auth.example/auth', 'https://auth.example', '/auth/jwks'],
    ['https://auth.example:8443/v1/auth//', 'https://auth.example:8443', '/v1/auth/jwks'],
    ['http://localhost:3000', 'http://localhost:3000', '/api/auth/jwks'],
    ['http://127.0.0.1:3000', 'http://127.0.0.1:3000', '/api/auth/jwks'],
    ['http://[::1]:3000', 'http://[::1]:3000', '/api/auth/jwks']
  ]
  for (const [url, origin, path] of urls) {
    const expected = { issuer: origin, audience: origin, jwksUrl: `${origin}${path}`, algorithms: all }
    const { betterAuth, issuers } = load({ BETTER_AUTH_URL: url })
    t.strictSame(betterAuth, expected, url)
    t.strictSame(issuers, [expected], url)
  }
})

test('TRUSTED_ISSUERS lists any number of issuers, beside BETTER_AUTH_URL', async (t) => {
  const { jwks_url, ...rest } = one
  const expected = { ...rest, jwksUrl: jwks_url }
  t.strictSame(load({ TRUSTED_ISSUERS: list(one) }).issuers, [expected])
  t.strictSame(load({ TRUSTED_ISSUERS: '[]' }).issuers, [])
  t.equal(load({ TRUSTED_ISSUERS: list(one) }).betterAuth, undefined, 'and none of them shares the secret')
  const both = load({
    BETTER_AUTH_URL: 'https://auth.example',
    TRUSTED_ISSUERS: list(one, { ...one, issuer: 'login', jwks_url: 'http://localhost:9/keys', algorithms: all })
  })
  t.strictSame(
    both.issuers.map(({ issuer }) => issuer),
    ['https://auth.example', one.issuer, 'login']
  )
})

const refused: [string, RegExp][] = [
  ['nonsense', /is not JSON/],
  ['[', /is not JSON/],
  ['{}', /must be a JSON list/],
  ['null', /must be a JSON list/],
  [JSON.stringify(one), /must be a JSON list/],
  [list(null), /must be an object/],
  [list('https://login.example'), /must be an object/],
  [list([]), /issuer must be/],
  [list({}), /issuer must be/],
  [list({ ...one, issuer: '' }), /issuer must be/],
  [list({ ...one, issuer: 5 }), /issuer must be/],
  [list({ ...one, audience: undefined }), /audience must be/],
  [list({ ...one, audience: '' }), /audience must be/],
  [list({ ...one, audience: [one.audience] }), /audience must be/],
  [list({ ...one, jwks_url: undefined }), /jwks_url undefined is not a URL/],
  [list({ ...one, jwks_url: '/keys' }), /jwks_url "\/keys" is not a URL/],
  [list({ ...one, jwks_url: 'http://login.example/keys' }), /must be https/],
  [list({ ...one, jwks_url: 'http://localhost.example/keys' }), /must be https/],
  [list({ ...one, jwks_url: 'http://203.0.113.1/keys' }), /must be https/],
  [list({ ...one, jwks_url: 'http://[2001:db8::1]/keys' }), /must be https/],
  [list(one, { ...one, issuer: 'b', jwks_url: 'http://b.example.com/keys' }), /must be https/],
  [list({ ...one, jwks_url: 'file:///etc/passwd' }), /must be https/],
  [list({ ...one, jwks_url: 'data:application/json,{}' }), /must be https/],
  [list({ ...one, jwks_url: 'https://u:hush-hush@login.example/keys' }), /name and password/],
  [list({ ...one, algorithms: undefined }), /algorithms must be/],
  [list({ ...one, algorithms: [] }), /algorithms must be/],
  [list({ ...one, algorithms: 'RS256' }), /algorithms must be/],
  [list({ ...one, algorithms: ['RS256', 'HS256'] }), /algorithms must be/],
  [list({ ...one, algorithms: ['none'] }), /algorithms must be/],
  [list({ ...one, algorithms: ['rs256'] }), /algorithms must be/],
  [list({ ...one, algorithms: ['toString'] }), /algorithms must be/],
  [list({ ...one, jwksUrl: one.jwks_url }), /"jwksUrl" is not one of issuer, audience, jwks_url, algorithms/],
  [list(one, { ...one, secret: 'x' }), /"secret" is not one of/]
]
for (const [text, message] of refused)
  test(`TRUSTED_ISSUERS=${text} stops the start: ${message.source}`, async (t) => {
    const wrong = new RegExp(`^  - TRUSTED_ISSUERS: .*${message.source}`, 'm')
    t.throws(() => load({ TRUSTED_ISSUERS: text }), { message: wrong })
    t.throws(() => load({ TRUSTED_ISSUERS: text }), { message: /^(?!.*hush-hush)/s })
  })

test('BETTER_AUTH_URL must be https outside localhost, without a password', async (t) => {
  for (const url of [
    'http://auth.example',
    'ws://localhost',
    'http://0.0.0.0:3000',
    'https://u:hush-hush@auth.example'
  ])
    t.throws(() => load({ BETTER_AUTH_URL: url }), { message: /^ {2}- BETTER_AUTH_URL: (?!.*hush-hush)/m }, url)
})

test('two issuers must not have the same name', async (t) => {
  const twice = /JWT_ISSUER, BETTER_AUTH_URL, TRUSTED_ISSUERS: no two issuers may have one name/
  const named = (issuer: string) => list({ ...one, issuer })
  for (const settings of [
    { TRUSTED_ISSUERS: list(one, { ...one, audience: 'another', jwks_url: 'https://another.example' }) },
    { BETTER_AUTH_URL: 'https://auth.example/api/auth', TRUSTED_ISSUERS: named('https://auth.example') },
    { TRUSTED_ISSUERS: named('gatehouse') },
    { TRUSTED_ISSUERS: named('better-auth') },
    { TRUSTED_ISSUERS: named('ours'), JWT_ISSUER: 'ours' }
  ])
    t.throws(() => load(settings), { message: twice }, JSON.stringify(settings))
})

const networks = [
  'http://keycloak:8080/keys',
  'http://10.0.0.1/keys',
  'http://172.31.0.1:8080/keys',
  'http://192.168.1.5/keys',
  'http://127.0.0.2/keys',
  'http://[fd00::5]:8080/keys',
  'http://keycloak.auth.svc.cluster.local/keys',
  'http://auth.internal/keys'
]
const urlsOf = ({ issuers }: ReturnType<typeof load>) => issuers.map(({ jwksUrl }) => jwksUrl)
const production = { NODE_ENV: 'production', BETTER_AUTH_SECRET: 'fZ3rN8qTj6WmY1xK5vB9cH2gL7pD4sAe' }

test('a message about the URL of keys does not repeat its query', async (t) => {
  for (const url of ['http://id.example.com/keys?key=hush-hush', 'ftp://id.example.com/keys?key=hush-hush'])
    t.throws(() => load({ TRUSTED_ISSUERS: list({ ...one, jwks_url: url }) }), {
      message: /TRUSTED_ISSUERS: (?!.*hush-hush).*id\.example\.com\/keys/
    })
})

test('outside production keys may come over plain HTTP from a private network', async (t) => {
  for (const jwks_url of networks) {
    t.strictSame(urlsOf(load({ TRUSTED_ISSUERS: list({ ...one, jwks_url }) })), [jwks_url])
    t.throws(() => load({ TRUSTED_ISSUERS: list({ ...one, jwks_url }), ...production }), {
      message: /TRUSTED_ISSUERS: .*must be https.* set ALLOW_KEYS_OVER_PLAIN_HTTP=true/
    })
  }
  t.strictSame(urlsOf(load({ BETTER_AUTH_URL: 'http://web:3000' })), ['http://web:3000/api/auth/jwks'])
})

test('in production, and from public hosts, keys over plain HTTP need a setting', async (t) => {
  const allowed = { ALLOW_KEYS_OVER_PLAIN_HTTP: 'true' }
  for (const settings of [{}, production])
    for (const url of ['http://web:3000', 'http://auth.example.com', 'http://8.8.8.8']) {
      if (settings === production || !url.includes('web'))
        t.throws(
          () => load({ ...settings, BETTER_AUTH_URL: url }),
          { message: /BETTER_AUTH_URL: .*must be https/ },
          url
        )
      t.strictSame(urlsOf(load({ ...settings, ...allowed, BETTER_AUTH_URL: url })), [`${url}/api/auth/jwks`])
    }
  for (const url of ['ftp://web', 'file:///etc/passwd', 'http://u:hush-hush@web'])
    t.throws(() => load({ ...allowed, BETTER_AUTH_URL: url }), { message: /BETTER_AUTH_URL: (?!.*hush-hush)/ }, url)
})
