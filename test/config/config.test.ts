import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'tap'
import { loadConfig } from '../../src/config/config.ts'

const secret = 'a-long-value-that-only-the-tests-know'
const strong = 'hZ0vT3cQ9mWk2RxLbYp7sJdN5fUaE8gC'
const strong2 = 'Wq4nB8zXe1KtVo6MiPy3LrHu0SjDcF9G'
const day = 24 * 60 * 60
const load = (settings: Record<string, string | undefined>) => loadConfig({ BETTER_AUTH_SECRET: secret, ...settings })

test('the defaults are those of the documentation', async (t) => {
  const { webDir, ...defaults } = load({})
  t.match(webDir, /web\/dist$/)
  t.strictSame(defaults, {
    production: false,
    ...{ databaseUrl: undefined, directUrl: undefined, replicaUrl: undefined },
    databaseWait: 30,
    dataDir: '.gatehouse',
    secrets: [{ kid: '1', secret }],
    signingAlgorithm: 'HS256',
    issuer: 'gatehouse',
    audience: 'gatehouse',
    betterAuth: undefined,
    issuers: [],
    accessTokenTtl: 7 * day,
    refreshTokenTtl: 30 * day,
    sessionTtl: 90 * day,
    securityEventTtl: 90 * day,
    appUrl: undefined,
    appName: 'Gatehouse',
    mail: {
      smtp: undefined,
      from: { name: 'Gatehouse', address: 'no-reply@example.com' },
      appUrl: 'http://localhost:8000',
      appName: 'Gatehouse'
    },
    passkeys: { rpId: 'localhost', rpName: 'Gatehouse', origins: ['http://localhost:8000'] },
    emailVerification: 'off',
    privateSignUp: false,
    corsOrigins: ['http://localhost:3000'],
    corsHeaders: [],
    host: '127.0.0.1',
    port: 8000,
    maxConnections: 2_000,
    workers: 1,
    worker: undefined,
    drainDelay: 0,
    trustProxy: [],
    bcryptCost: 12,
    redisUrl: undefined,
    rateLimit: { enabled: true, auth: 200, unknown: 300, token: 600, mail: 30 },
    metrics: undefined,
    tracing: undefined,
    securityContact: [],
    proveHash: undefined,
    isOwnWeb: true,
    logLevel: 'info',
    settings: {}
  })
})

const accepted: [string, string, object][] = [
  ['PORT', '0', { port: 0 }],
  ['PORT', '65535', { port: 65_535 }],
  ['BCRYPT_COST', '10', { bcryptCost: 10 }],
  ['BCRYPT_COST', '15', { bcryptCost: 15 }],
  ['ACCESS_TOKEN_TTL', '1s', { accessTokenTtl: 1 }],
  ['ACCESS_TOKEN_TTL', '1.5h', { accessTokenTtl: 5_400 }],
  ['SESSION_TTL', '365d', { sessionTtl: 365 * day }],
  ['REFRESH_TOKEN_TTL', '7d', { refreshTokenTtl: 7 * day }],
  ['SECURITY_EVENT_TTL', '36h', { securityEventTtl: 1.5 * day }],
  ['TRUST_PROXY', '10.0.0.0/8, ::1,fd00::/8', { trustProxy: ['10.0.0.0/8', '::1', 'fd00::/8'] }],
  ['CORS_ORIGINS', 'https://a.example, http://[::1]:3000', { corsOrigins: ['https://a.example', 'http://[::1]:3000'] }],
  ['BETTER_AUTH_URL', 'https://auth.example/api/auth', { betterAuth: { issuer: 'https://auth.example' } }],
  ['BETTER_AUTH_URL', 'https://auth.example/', { betterAuth: { issuer: 'https://auth.example' } }],
  ['DATABASE_URL', 'postgres://u:p@db/x?sslmode=require', { databaseUrl: 'postgres://u:p@db/x?sslmode=verify-full' }],
  ['RATE_LIMIT_ENABLED', 'false', { rateLimit: { enabled: false } }],
  ['RATE_LIMIT_TOKEN', '1', { rateLimit: { token: 1 } }],
  ['JWT_ISSUER', 'https://api.example', { issuer: 'https://api.example' }]
]
for (const [name, value, expected] of accepted)
  test(`${name}=${value} is accepted`, async (t) => {
    t.match(load({ [name]: value }), expected)
  })

const refused: Record<string, string[]> = {
  PORT: ['-1', '65536', '80a', '1e3', '0x50', ' 80', '8000.5', 'http'],
  BCRYPT_COST: ['9', '16', '12a', '1e1', '12.5', 'twelve'],
  ACCESS_TOKEN_TTL: ['0s', '-7d', '500ms', '604800', '7', '7 fortnights', '366d', '99999999999y', 'forever'],
  REFRESH_TOKEN_TTL: ['30', '0d'],
  SESSION_TTL: ['90', 'never'],
  SECURITY_EVENT_TTL: ['0s', '366d'],
  TRUST_PROXY: ['true', '1', '2', 'loopback', '10.0.0.0/33', '10.0.0.0/', '10.0.0.0/8/8', '::/129', '10.0.0.1 ::1'],
  CORS_ORIGINS: [
    '*',
    'https://a.example/',
    'https://a.example/app',
    'https://*.example',
    'a.example',
    'null',
    'file:///x',
    'https://A.example',
    'https://a.example:443',
    'https://u:p@a.example',
    'https://a.example,*'
  ],
  BETTER_AUTH_URL: ['auth.example', 'ftp://auth.example', 'mailto:a@b.example'],
  RATE_LIMIT_ENABLED: ['maybe'],
  RATE_LIMIT_AUTH: ['0', '1000001'],
  RATE_LIMIT_TOKEN: ['0', 'many'],
  LOG_LEVEL: ['loud'],
  JWT_ISSUER: ['better-auth'],
  BETTER_AUTH_SECRET: ['short'],
  BETTER_AUTH_SECRETS: ['nonsense', `1:${strong},1:${strong2}`, '2:short', `a b:${strong}`]
}
for (const [name, values] of Object.entries(refused))
  for (const value of values)
    test(`${name}=${value.replace(/[A-Za-z]{20,}/g, '...')} is refused by name`, async (t) => {
      t.throws(() => load({ [name]: value }), { message: new RegExp(`^  - ${name}[:,] `, 'm') })
    })

test('an empty variable counts as unset', async (t) => {
  const empty = Object.fromEntries(Object.keys(refused).map((name) => [name, '']))
  t.strictSame(loadConfig({ ...empty, BETTER_AUTH_SECRET: secret }), load({}))
})

test('the issuer of our own tokens must differ from other servers', async (t) => {
  const BETTER_AUTH_URL = 'https://auth.example/api/auth'
  t.throws(() => load({ BETTER_AUTH_URL, JWT_ISSUER: 'https://auth.example' }), { message: /JWT_ISSUER, / })
  t.ok(load({ BETTER_AUTH_URL, JWT_ISSUER: 'https://api.example' }))
})

test('no token outlives its session', async (t) => {
  t.ok(load({ ACCESS_TOKEN_TTL: '1d', REFRESH_TOKEN_TTL: '1d', SESSION_TTL: '1d' }))
  for (const wrong of [{ ACCESS_TOKEN_TTL: '31d' }, { REFRESH_TOKEN_TTL: '91d' }, { SESSION_TTL: '29d' }])
    t.throws(() => load(wrong), { message: /ACCESS_TOKEN_TTL, REFRESH_TOKEN_TTL, SESSION_TTL: / })
})

test('one message lists all problems, without secrets', async (t) => {
  const DATA_DIR = join(t.testdir(), 'data')
  const wrong = {
    NODE_ENV: 'production',
    DATA_DIR,
    DATABASE_URL: 'mysql://u:hush-hush@db/x',
    BETTER_AUTH_SECRET: 'better-auth-secret-12345678901234567890',
    BETTER_AUTH_SECRETS: '3:tiny-hush-hush,nonsense',
    JWT_ISSUER: 'better-auth',
    PORT: '80a',
    BCRYPT_COST: '4',
    TRUST_PROXY: 'true',
    CORS_ORIGINS: '*',
    LOG_LEVEL: 'loud'
  }
  try {
    loadConfig(wrong)
    t.fail('it loads')
  } catch (error) {
    const { message } = error as Error
    for (const name of Object.keys(wrong).slice(2)) t.match(message, new RegExp(`^  - ${name}[:,] `, 'm'))
    t.equal(message.split('\n').length, 11, message)
    t.notMatch(message, /hush-hush|12345678901234567890/)
  }
  t.notOk(existsSync(DATA_DIR), 'nothing is made on the way')
})

test('the settings are frozen', async (t) => {
  const frozen = (value: unknown): boolean =>
    typeof value !== 'object' || value === null || (Object.isFrozen(value) && Object.values(value).every(frozen))
  t.ok(frozen(load({ TRUST_PROXY: '10.0.0.0/8' })))
})

test('the settings are read from the environment', async (t) => {
  t.equal(loadConfig({ ...process.env, BETTER_AUTH_SECRET: secret }).secrets[0]?.secret, secret)
  process.env.BETTER_AUTH_SECRET = secret
  t.equal(loadConfig().secrets[0]?.secret, secret)
})
