import { isIP } from 'node:net'
import { parse as parseDuration } from '@lukeed/ms'
import { bool, customCleanEnv, makeExactValidator, str } from 'envalid'
import { configuredSecrets, localSecret } from './secrets.ts'
import { betterAuthServer, trustedIssuers } from './trusted-issuers.ts'

const day = 24 * 60 * 60
const year = 365 * day

/** A duration such as `15m` or `7d`, in whole seconds. A bare number would be read as milliseconds by some, seconds by others. */
const duration = makeExactValidator<number>((text) => {
  const seconds = Math.floor(((/[a-z]/i.test(text) && parseDuration(text)) || 0) / 1000)
  if (seconds < 1 || seconds > year) throw new Error('must be a duration from 1s to 365d, such as 15m, 12h or 7d')
  return seconds
})

const list = (text: string) =>
  text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '')

const origin = (text: string) => {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (!url || !/^https?:$/.test(url.protocol) || url.origin !== text || text.includes('*'))
    throw new Error(`${JSON.stringify(text)} is not an origin such as https://app.example.com`)
  return text
}

const origins = makeExactValidator<string[]>((text) => list(text).map(origin))

const cidrs = makeExactValidator<string[]>((text) =>
  list(text).map((range) => {
    const [address = '', prefix = '0', ...more] = range.split('/')
    const bits = { 4: 32, 6: 128 }[isIP(address)] ?? -1
    if (more.length > 0 || !/^\d{1,3}$/.test(prefix) || Number(prefix) > bits)
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
    const value = Number(text)
    if (!/^\d{1,9}$/.test(text) || value < low || value > high)
      throw new Error(`must be a whole number from ${low} to ${high}`)
    return value
  })

const settings = {
  NODE_ENV: str({ default: 'development' }),
  DATABASE_URL: postgresUrl({ default: undefined }),
  DATA_DIR: str({ default: '.gatehouse' }),
  BETTER_AUTH_SECRET: str({ default: undefined }),
  BETTER_AUTH_SECRETS: str({ default: undefined }),
  BETTER_AUTH_URL: betterAuthServer({ default: undefined }),
  TRUSTED_ISSUERS: trustedIssuers({ default: [] }),
  JWT_ISSUER: str({ default: 'gatehouse' }),
  JWT_AUDIENCE: str({ default: 'gatehouse' }),
  ACCESS_TOKEN_TTL: duration({ default: 7 * day }),
  REFRESH_TOKEN_TTL: duration({ default: 30 * day }),
  SESSION_TTL: duration({ default: 90 * day }),
  SECURITY_EVENT_TTL: duration({ default: 90 * day }),
  CORS_ORIGINS: origins({ default: ['http://localhost:3000'] }),
  HOST: str({ default: '127.0.0.1' }),
  PORT: between(0, 65_535)({ default: 8000 }),
  TRUST_PROXY: cidrs({ default: [] }),
  BCRYPT_COST: between(10, 15)({ default: 12 }),
  RATE_LIMIT_ENABLED: bool({ default: true }),
  RATE_LIMIT_AUTH: between(1, 1_000_000)({ default: 200 }),
  RATE_LIMIT_UNKNOWN: between(1, 1_000_000)({ default: 300 }),
  LOG_LEVEL: str({ choices: ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'], default: 'info' })
}

/** Nothing can be changed in it, however deep. */
function freeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) Object.values(value).forEach(freeze)
  return Object.freeze(value)
}

/**
 * The settings of CONTRACT.md as a frozen object: times in seconds, lists as arrays. Throws one error that names
 * everything wrong with them. An empty variable counts as one that is not set.
 */
export function loadConfig(environment: Record<string, string | undefined> = process.env) {
  const complaints: string[] = []
  const complain = (problem: string) => complaints.push(problem)
  const present = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''))
  const env = customCleanEnv(present, settings, (valid) => valid, {
    reporter: ({ errors }) => {
      for (const [name, error] of Object.entries(errors)) complain(`${name}: ${error?.message}`)
    }
  })
  const production = env.NODE_ENV === 'production'
  const secrets = configuredSecrets(env, production, complain)
  if (production && secrets.length === 0)
    complain('BETTER_AUTH_SECRET: is required in production; make one with: openssl rand -base64 32')
  const betterAuth = env.BETTER_AUTH_URL
  const issuers = [...(betterAuth ? [betterAuth] : []), ...(env.TRUSTED_ISSUERS ?? [])]
  const names = ['better-auth', env.JWT_ISSUER, ...issuers.map(({ issuer }) => issuer)]
  if (new Set(names).size < names.length)
    complain('JWT_ISSUER, BETTER_AUTH_URL, TRUSTED_ISSUERS: no two issuers may have one name, nor the name better-auth')
  if (env.ACCESS_TOKEN_TTL > env.REFRESH_TOKEN_TTL || env.REFRESH_TOKEN_TTL > env.SESSION_TTL)
    complain('ACCESS_TOKEN_TTL, REFRESH_TOKEN_TTL, SESSION_TTL: each must be no longer than the next')
  if (complaints.length > 0) throw new Error(`The settings are wrong:\n${complaints.map((c) => `  - ${c}`).join('\n')}`)

  return freeze({
    production,
    databaseUrl: env.DATABASE_URL,
    dataDir: env.DATA_DIR,
    secrets: secrets.length > 0 ? secrets : [{ kid: 'local', secret: localSecret(env.DATA_DIR) }],
    issuer: env.JWT_ISSUER,
    audience: env.JWT_AUDIENCE,
    betterAuth,
    issuers,
    accessTokenTtl: env.ACCESS_TOKEN_TTL,
    refreshTokenTtl: env.REFRESH_TOKEN_TTL,
    sessionTtl: env.SESSION_TTL,
    securityEventTtl: env.SECURITY_EVENT_TTL,
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
