import { isIP } from 'node:net'
import { parse as parseDuration } from '@lukeed/ms'
import { bool, cleanEnv, makeExactValidator, num, port, str } from 'envalid'
import { localSecret, type Secret, weakness } from './secrets.ts'

const day = 24 * 60 * 60

/** A duration such as `15m` or `7d`, in whole seconds. */
const duration = makeExactValidator<number>((text) => {
  const milliseconds = parseDuration(text)
  if (milliseconds === undefined || milliseconds < 1000) throw new Error('is not a duration such as 15m, 12h or 7d')
  return Math.floor(milliseconds / 1000)
})

const list = (text: string) =>
  text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '')

const origin = (text: string) => {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (!url || !/^https?:$/.test(url.protocol) || url.origin !== text)
    throw new Error(`${JSON.stringify(text)} is not an origin such as https://app.example.com`)
  return text
}

const origins = makeExactValidator<string[]>((text) => list(text).map(origin))

/** A Better Auth server by the origin that it writes into `iss`: its base URL without path and trailing slash. */
const serverOrigin = makeExactValidator<string>((text) => origin(URL.canParse(text) ? new URL(text).origin : text))

const cidrs = makeExactValidator<string[]>((text) =>
  list(text).map((range) => {
    const [address = '', prefix = ''] = range.split('/')
    const bits = { 4: 32, 6: 128 }[isIP(address)]
    if (bits === undefined || (range.includes('/') && !(/^\d{1,3}$/.test(prefix) && Number(prefix) <= bits)))
      throw new Error(`${JSON.stringify(range)} is not an address or a CIDR range such as 10.0.0.0/8`)
    return range
  })
)

const postgresUrl = makeExactValidator<string>((text) => {
  if (!/^postgres(ql)?:\/\//.test(text) || !URL.canParse(text)) throw new Error('is not a postgres:// URL')
  return text
})

const between = (low: number, high: number) =>
  makeExactValidator<number>((text) => {
    const value = num()._parse(text)
    if (!Number.isInteger(value) || value < low || value > high)
      throw new Error(`must be a whole number from ${low} to ${high}`)
    return value
  })

const settings = {
  NODE_ENV: str({ default: 'development' }),
  DATABASE_URL: postgresUrl({ default: undefined }),
  DATA_DIR: str({ default: '.gatehouse' }),
  BETTER_AUTH_SECRET: str({ default: undefined }),
  BETTER_AUTH_SECRETS: str({ default: undefined }),
  BETTER_AUTH_URL: serverOrigin({ default: undefined }),
  JWT_ISSUER: str({ default: 'gatehouse' }),
  JWT_AUDIENCE: str({ default: 'gatehouse' }),
  ACCESS_TOKEN_TTL: duration({ default: 7 * day }),
  CORS_ORIGINS: origins({ default: ['http://localhost:3000'] }),
  HOST: str({ default: '127.0.0.1' }),
  PORT: port({ default: 8000 }),
  TRUST_PROXY: cidrs({ default: [] }),
  BCRYPT_COST: between(10, 15)({ default: 12 }),
  RATE_LIMIT_ENABLED: bool({ default: true }),
  RATE_LIMIT_AUTH: between(1, 1_000_000)({ default: 60 }),
  RATE_LIMIT_UNKNOWN: between(1, 1_000_000)({ default: 300 }),
  LOG_LEVEL: str({ choices: ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'], default: 'info' })
}

/** `2:new,1:old` as secrets, the one that signs first (Better Auth's own notation). */
function parseSecrets(text: string): Secret[] {
  return list(text).map((entry) => {
    const [, kid, secret] = /^(\w{1,32}):(.+)$/.exec(entry) ?? []
    if (!kid || !secret) throw new Error('BETTER_AUTH_SECRETS: write it as version:secret,version:secret')
    return { kid, secret }
  })
}

/** The secrets to sign (the first) and verify with; what is wrong with them goes to `complain`. */
function chooseSecrets(
  env: { BETTER_AUTH_SECRET: string | undefined; BETTER_AUTH_SECRETS: string | undefined; DATA_DIR: string },
  production: boolean,
  complain: (problem: string) => void
): Secret[] {
  const secrets: Secret[] = []
  try {
    secrets.push(...parseSecrets(env.BETTER_AUTH_SECRETS ?? ''))
  } catch (error) {
    complain((error as Error).message)
  }
  if (env.BETTER_AUTH_SECRET !== undefined && !secrets.some(({ secret }) => secret === env.BETTER_AUTH_SECRET))
    secrets.push({ kid: secrets.some(({ kid }) => kid === '1') ? '0' : '1', secret: env.BETTER_AUTH_SECRET })
  if (new Set(secrets.map(({ kid }) => kid)).size < secrets.length)
    complain('BETTER_AUTH_SECRETS: each version may stand there once')
  for (const { secret } of secrets) {
    const weak = weakness(secret, production)
    if (weak) complain(`BETTER_AUTH_SECRET: ${weak}`)
  }
  if (secrets.length > 0) return secrets
  if (!production) return [{ kid: 'local', secret: localSecret(env.DATA_DIR) }]
  complain('BETTER_AUTH_SECRET: is required in production; make one with: openssl rand -base64 32')
  return []
}

/**
 * The settings of CONTRACT.md as a frozen object: times in seconds, lists as arrays. Throws one error that names
 * everything wrong with them. An empty variable counts as one that is not set.
 */
export function loadConfig(environment: Record<string, string | undefined> = process.env) {
  const complaints: string[] = []
  const present = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''))
  const env = cleanEnv(present, settings, {
    reporter: ({ errors }) => {
      for (const [name, error] of Object.entries(errors)) complaints.push(`${name}: ${error?.message}`)
    }
  })
  const production = env.NODE_ENV === 'production'
  const secrets = complaints.length > 0 ? [] : chooseSecrets(env, production, (problem) => complaints.push(problem))
  if (complaints.length > 0) throw new Error(`The settings are wrong:\n${complaints.map((c) => `  - ${c}`).join('\n')}`)

  return Object.freeze({
    production,
    databaseUrl: env.DATABASE_URL,
    dataDir: env.DATA_DIR,
    secrets,
    issuer: env.JWT_ISSUER,
    audience: env.JWT_AUDIENCE,
    betterAuthUrl: env.BETTER_AUTH_URL,
    accessTokenTtl: env.ACCESS_TOKEN_TTL,
    corsOrigins: env.CORS_ORIGINS,
    host: env.HOST,
    port: env.PORT,
    trustProxy: env.TRUST_PROXY,
    bcryptCost: env.BCRYPT_COST,
    rateLimit: { enabled: env.RATE_LIMIT_ENABLED, auth: env.RATE_LIMIT_AUTH, unknown: env.RATE_LIMIT_UNKNOWN },
    logLevel: env.LOG_LEVEL
  })
}

export type Config = ReturnType<typeof loadConfig>
