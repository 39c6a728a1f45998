import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { bool, customCleanEnv, str } from 'envalid'
import { argumentSettings } from './arguments.ts'
import { databaseUrls } from './database-urls.ts'
import { mailSettings, sender, signUpSettings, smtpUrl, verificationModes } from './mail-settings.ts'
import { headerNames, origins, siteUrl } from './origins.ts'
import { passkeySettings } from './passkey-settings.ts'
import { productSettings, type Specs } from './product-settings.ts'
import { configuredSecrets, localSecret } from './secrets.ts'
import {
  between,
  cidrs,
  contacts,
  delay,
  duration,
  httpUrl,
  postgresUrl,
  proofToken,
  redisUrl
} from './setting-types.ts'
import { betterAuthServer, insecureKeys, trustedIssuers } from './trusted-issuers.ts'

const day = 24 * 60 * 60

const ownWebDir = fileURLToPath(new URL('../../web/dist', import.meta.url))

const settings = {
  NODE_ENV: str({ default: 'development' }),
  DATABASE_URL: postgresUrl({ default: undefined }),
  DATABASE_DIRECT_URL: postgresUrl({ default: undefined }),
  DATABASE_REPLICA_URL: postgresUrl({ default: undefined }),
  DATABASE_WAIT: duration({ default: 30 }),
  DATA_DIR: str({ default: '.gatehouse' }),
  BETTER_AUTH_SECRET: str({ default: undefined }),
  BETTER_AUTH_SECRETS: str({ default: undefined }),
  SIGNING_ALGORITHM: str({ choices: ['HS256', 'EdDSA', 'ES256'], default: 'HS256' }),
  BETTER_AUTH_URL: betterAuthServer({ default: undefined }),
  TRUSTED_ISSUERS: trustedIssuers({ default: [] }),
  ALLOW_KEYS_OVER_PLAIN_HTTP: bool({ default: false }),
  JWT_ISSUER: str({ default: 'gatehouse' }),
  JWT_AUDIENCE: str({ default: 'gatehouse' }),
  ACCESS_TOKEN_TTL: duration({ default: 7 * day }),
  REFRESH_TOKEN_TTL: duration({ default: 30 * day }),
  SESSION_TTL: duration({ default: 90 * day }),
  SECURITY_EVENT_TTL: duration({ default: 90 * day }),
  APP_URL: siteUrl({ default: undefined }),
  APP_NAME: str({ default: undefined }),
  SMTP_URL: smtpUrl({ default: undefined }),
  MAIL_FROM: sender({ default: undefined }),
  EMAIL_VERIFICATION: str({ choices: verificationModes, default: undefined }),
  PRIVATE_SIGN_UP: bool({ default: false }),
  CORS_ORIGINS: origins({ default: ['http://localhost:3000'] }),
  CORS_HEADERS: headerNames({ default: [] }),
  HOST: str({ default: '127.0.0.1' }),
  PORT: between(0, 65_535)({ default: 8000 }),
  MAX_CONNECTIONS: between(10, 1_000_000)({ default: 2_000 }),
  WORKERS: between(1, 64)({ default: 1 }),
  // The primary process sets it.
  GATEHOUSE_WORKER: between(1, 64)({ default: undefined }),
  DRAIN_DELAY: delay({ default: 0 }),
  TRUST_PROXY: cidrs({ default: [] }),
  BCRYPT_COST: between(10, 15)({ default: 12 }),
  REDIS_URL: redisUrl({ default: undefined }),
  RATE_LIMIT_ENABLED: bool({ default: true }),
  RATE_LIMIT_AUTH: between(1, 1_000_000)({ default: 200 }),
  RATE_LIMIT_UNKNOWN: between(1, 1_000_000)({ default: 300 }),
  RATE_LIMIT_TOKEN: between(1, 1_000_000)({ default: 600 }),
  RATE_LIMIT_MAIL: between(1, 1_000_000)({ default: 30 }),
  METRICS_HOST: str({ default: '127.0.0.1' }),
  METRICS_PORT: between(0, 65_535)({ default: undefined }),
  OTEL_EXPORTER_OTLP_ENDPOINT: httpUrl({ default: undefined }),
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: httpUrl({ default: undefined }),
  OTEL_SERVICE_NAME: str({ default: 'gatehouse' }),
  SECURITY_CONTACT: contacts({ default: [] }),
  PROVE_TOKEN: proofToken({ default: undefined }),
  WEB_DIR: str({ default: ownWebDir }),
  LOG_LEVEL: str({ choices: ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'], default: 'info' })
}

function freeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) Object.values(value).forEach(freeze)
  return Object.freeze(value)
}

/**
 * Reads the settings into a frozen object: times in seconds, lists as arrays. The command line overrides the environment.
 * Throws one error that lists all problems. `further` are the settings of a product, and `name` is
 * what APP_NAME is unless it is set.
 */
export function loadConfig<const Further extends Specs = Record<never, never>>(
  environment: Record<string, string | undefined> = process.env,
  commandLine: string[] = [],
  further: Further = {} as Further,
  name = 'Gatehouse'
) {
  const complaints: string[] = []
  const complain = (problem: string) => complaints.push(problem)
  const given = { ...environment, ...argumentSettings(commandLine, complain) }
  const present = Object.fromEntries(
    Object.entries(given).flatMap(([name, value]) => (value === undefined || value === '' ? [] : [[name, value]]))
  )
  const env = customCleanEnv(present, settings, (valid) => valid, {
    reporter: ({ errors }) => {
      for (const [name, error] of Object.entries(errors)) complain(`${name}: ${error?.message}`)
    }
  })
  const appName = env.APP_NAME ?? name
  const production = env.NODE_ENV === 'production'
  const secrets = configuredSecrets(env, production, complain)
  const urls = databaseUrls(env, complain)
  if (production && secrets.length === 0)
    complain('BETTER_AUTH_SECRET: is required in production; make one with: openssl rand -base64 32')
  const betterAuth = env.BETTER_AUTH_URL
  const issuers = [...(betterAuth ? [betterAuth] : []), ...(env.TRUSTED_ISSUERS ?? [])]
  for (const [index, issuer] of issuers.entries()) {
    const complaint = insecureKeys(issuer, { production, allowed: env.ALLOW_KEYS_OVER_PLAIN_HTTP })
    if (complaint) complain(`${betterAuth && index === 0 ? 'BETTER_AUTH_URL' : 'TRUSTED_ISSUERS'}: ${complaint}`)
  }
  const names = ['better-auth', env.JWT_ISSUER, ...issuers.map(({ issuer }) => issuer)]
  if (new Set(names).size < names.length)
    complain('JWT_ISSUER, BETTER_AUTH_URL, TRUSTED_ISSUERS: no two issuers may have one name, nor the name better-auth')
  if (env.ACCESS_TOKEN_TTL > env.REFRESH_TOKEN_TTL || env.REFRESH_TOKEN_TTL > env.SESSION_TTL)
    complain('ACCESS_TOKEN_TTL, REFRESH_TOKEN_TTL, SESSION_TTL: each must be no longer than the next')
  if (env.METRICS_PORT && env.METRICS_PORT === env.PORT) complain('METRICS_PORT, PORT: must not be the same')
  if (env.WORKERS > 1 && present.DATABASE_URL === undefined)
    complain('WORKERS: more than one worker requires DATABASE_URL, because the embedded database supports one process')
  if (production && /^http:(?!\/\/(localhost|127\.0\.0\.1|\[::1\])(:|\/|$))/.test(env.APP_URL ?? ''))
    complain('APP_URL: must be https in production, outside localhost')
  const mail = mailSettings({ ...env, APP_NAME: appName }, production, complain)
  const signUp = signUpSettings(env, mail, complain)
  const ofProduct = productSettings(present, further, settings, complain)
  if (complaints.length > 0) throw new Error(`The settings are wrong:\n${complaints.map((c) => `  - ${c}`).join('\n')}`)

  return freeze({
    production,
    ...urls,
    databaseWait: env.DATABASE_WAIT,
    dataDir: env.DATA_DIR,
    secrets: secrets.length > 0 ? secrets : [{ kid: 'local', secret: localSecret(env.DATA_DIR) }],
    signingAlgorithm: env.SIGNING_ALGORITHM,
    issuer: env.JWT_ISSUER,
    audience: env.JWT_AUDIENCE,
    betterAuth,
    issuers,
    accessTokenTtl: env.ACCESS_TOKEN_TTL,
    refreshTokenTtl: env.REFRESH_TOKEN_TTL,
    sessionTtl: env.SESSION_TTL,
    securityEventTtl: env.SECURITY_EVENT_TTL,
    appUrl: env.APP_URL,
    appName,
    /** Undefined in production without a mail server. */
    mail,
    /** Undefined without a host that passkeys can belong to. */
    passkeys: passkeySettings({ ...env, APP_NAME: appName }, production),
    ...signUp,
    corsOrigins: env.CORS_ORIGINS,
    corsHeaders: env.CORS_HEADERS,
    host: env.HOST,
    port: env.PORT,
    maxConnections: env.MAX_CONNECTIONS,
    workers: env.WORKERS,
    worker: env.GATEHOUSE_WORKER,
    drainDelay: env.DRAIN_DELAY,
    trustProxy: env.TRUST_PROXY,
    bcryptCost: env.BCRYPT_COST,
    redisUrl: env.RATE_LIMIT_ENABLED ? env.REDIS_URL : undefined,
    rateLimit: {
      enabled: env.RATE_LIMIT_ENABLED,
      auth: env.RATE_LIMIT_AUTH,
      unknown: env.RATE_LIMIT_UNKNOWN,
      token: env.RATE_LIMIT_TOKEN,
      mail: env.RATE_LIMIT_MAIL
    },
    metrics: env.METRICS_PORT === undefined ? undefined : { host: env.METRICS_HOST, port: env.METRICS_PORT },
    // The SDK reads the endpoints itself.
    tracing:
      (env.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT ?? env.OTEL_EXPORTER_OTLP_ENDPOINT)
        ? { serviceName: env.OTEL_SERVICE_NAME }
        : undefined,
    securityContact: env.SECURITY_CONTACT,
    /** The SHA-256 of the token. */
    proveHash: env.PROVE_TOKEN,
    webDir: resolve(env.WEB_DIR),
    isOwnWeb: resolve(env.WEB_DIR) === ownWebDir,
    logLevel: env.LOG_LEVEL,
    settings: ofProduct
  })
}

/** For the contract, which depends on no setting but those of the product. */
export function contractConfig<const S extends Specs>(settings: S = {} as S) {
  const given = Object.fromEntries(Object.keys(settings).map((name) => [name, process.env[name]]))
  return loadConfig({ BETTER_AUTH_SECRET: 'only-the-schemas-are-of-interest', ...given }, [], settings)
}

/** Limits against overload that no setting changes, and that tests of other things raise. */
export interface OverloadLimits {
  /** Milliseconds; 0: no limit. */
  maxEventLoopDelay?: number
  /** The share of the memory in use. */
  memory?: () => number
  /** Milliseconds that a request waits for a connection, its turn, a hash or the revocations. */
  queueWait?: number | undefined
}

export type Config = ReturnType<typeof loadConfig> & OverloadLimits
