import Fastify, { type FastifyInstance } from 'fastify'
import type { Logger } from 'pino'
import { authentication } from '../plugins/authentication.ts'
import { bodies } from '../plugins/bodies.ts'
import { client } from '../plugins/client.ts'
import { cookies } from '../plugins/cookies.ts'
import { cursors } from '../plugins/cursors.ts'
import { database } from '../plugins/database.ts'
import { draining } from '../plugins/draining.ts'
import { jwt } from '../plugins/jwt.ts'
import { limits } from '../plugins/limits.ts'
import { logging } from '../plugins/logging.ts'
import { mail } from '../plugins/mail.ts'
import { openapi } from '../plugins/openapi.ts'
import { pressure } from '../plugins/pressure.ts'
import { problemDetails } from '../plugins/problems.ts'
import { protocol } from '../plugins/protocol.ts'
import { security } from '../plugins/security.ts'
import { turns } from '../plugins/turns.ts'
import { unknown } from '../plugins/unknown.ts'
import { validation } from '../plugins/validation.ts'
import { web } from '../plugins/web.ts'
import { activityRoutes } from '../routes/activity.ts'
import { adminAuditRoutes } from '../routes/admin-audit.ts'
import { adminEventRoutes } from '../routes/admin-events.ts'
import { adminUserRoutes } from '../routes/admin-users.ts'
import { credentialRoutes, identityRoutes } from '../routes/auth.ts'
import { emailRoutes, verificationRoutes } from '../routes/email.ts'
import { emailChangeLinkRoutes, emailChangeRoutes } from '../routes/email-changes.ts'
import { factorRoutes } from '../routes/factors.ts'
import { healthRoutes } from '../routes/health.ts'
import { keyRoutes } from '../routes/keys.ts'
import { passkeyLoginRoutes, passkeyRoutes } from '../routes/passkeys.ts'
import { personalTokenRoutes } from '../routes/personal-tokens.ts'
import { passwordRoutes, profileRoutes } from '../routes/profile.ts'
import { proveRoutes } from '../routes/prove.ts'
import { recoveryRoutes } from '../routes/recovery.ts'
import { revocationRoutes } from '../routes/revocations.ts'
import { securityTextRoutes } from '../routes/security-txt.ts'
import { sessionRoutes } from '../routes/sessions.ts'
import { stepUpRoutes } from '../routes/step-up.ts'
import { componentsOf } from '../schemas/components.ts'
import { ownScopes } from '../schemas/personal-tokens.ts'
import { ProblemCode } from '../schemas/problems.ts'
import { createAuth } from './auth/auth.ts'
import type { Config } from './config/config.ts'
import type { Engine } from './database/connection.ts'
import { openDatabases } from './database/databases.ts'
import { startHousekeeping } from './housekeeping.ts'
import { createCursors } from './http/cursors.ts'
import { createLog } from './logging/log.ts'
import type { Transport } from './mail/transport.ts'
import { createOperations } from './operator/operations.ts'
import { createOperatorLog } from './operator/operator-log.ts'
import { createStatistics } from './operator/statistics.ts'
import { fastifyOptions } from './process/fastify-options.ts'
import { migrateFor } from './product/migrating.ts'
import { addedBy, checkProduct, checkRoute, type Mount, type Product, routesOf } from './product/product.ts'
import type { RedisTimes } from './redis/redis.ts'
import { openSharedCounts } from './redis/shared-counts.ts'

interface Options extends Product {
  config: Config
  log?: Logger
  /** Milliseconds since 1970. */
  clock?: () => number
  redis?: RedisTimes
  /** The embedded engine; by default the one of the data directory. */
  engine?: Engine
  /** Replaces the mail server. */
  transport?: () => Promise<Transport>
}

/** Builds the service with a product. It connects to the configured database at the first query, and closes it. */
export async function buildApp(options: Options): Promise<FastifyInstance> {
  const { config, log = createLog(config.logLevel), clock = Date.now, redis, engine, transport, ...product } = options
  checkProduct(product, { scopes: ownScopes, codes: ProblemCode.enum })
  const { scopes = [], pages = [], personalData } = product
  const app = Fastify(fastifyOptions(config, log))
  // Set here and in plugins/logging.ts, because with the option Fastify would create and check a logger for each request.
  app.log = log
  for (const schema of componentsOf(addedBy(product))) app.addSchema(schema)
  const { db, ...others } = openDatabases(config, log, engine)
  const shared = await openSharedCounts(config, log, redis)
  await app.register(jwt, config)
  const auth = createAuth(config, db, { ...others, jwt: app.jwt, shared, transport, product, log, clock })
  const sealed = createCursors(config.secrets)
  const operations = createOperations(db, {
    ...auth,
    lives: config,
    record: createOperatorLog(auth.securityLog, log),
    log,
    product,
    clock
  })
  const routes = routesOf(product, config)
  // The scope has the prefix, because routes that fastify-plugin wraps have no scope of their own.
  const mount = (app: FastifyInstance, { routes, prefix, ...options }: Mount) =>
    app.register(
      async function product(app) {
        app.answerFailures()
        app.addHook('onRoute', checkRoute)
        app.register(routes, options as never)
      },
      { prefix }
    )

  if (config.tracing) await app.register((await import('../plugins/tracing.ts')).tracing, { ...config.tracing, log })
  if (config.metrics)
    await app.register((await import('../plugins/metrics.ts')).metrics, { ...auth, db, listen: config.metrics })
  await app.register(problemDetails, { ownProblems: product.problems ?? [] })
  await app.register(logging, { log })
  await app.register(security, { ...config, probe: Fastify() })
  await app.register(bodies)
  await app.register(pressure, config)
  await app.register(draining)
  await app.register(protocol)
  await app.register(validation)
  await app.register(limits, { ...config.rateLimit, shared })
  await app.register(client)
  await app.register(cookies, config)
  await app.register(unknown, { ...config, pages, scopes })
  await app.register(openapi, { ...config, product })
  await app.register(web, { ...config, pages, scopes })
  await app.register(database, { db, ...others, migrate: () => migrateFor(product, db, config, log) })
  await app.register(cursors, { cursors: sealed })
  await app.register(mail, auth.mail)
  await app.register(authentication, { ...auth, scopes })
  await app.register(turns, { isEmbedded: config.databaseUrl === undefined, queueWait: config.queueWait })

  if (config.securityContact.length > 0) app.register(securityTextRoutes, { ...config, clock })
  if (config.proveHash !== undefined) app.register(proveRoutes, { proveHash: config.proveHash })
  app.register(keyRoutes, config)
  app.register(credentialRoutes, { prefix: '/api/auth', ...auth })
  app.register(passkeyLoginRoutes, { prefix: '/api/auth/passkeys/login', ...auth })
  app.register(recoveryRoutes, { prefix: '/api/auth/password', ...auth })
  app.register(emailRoutes, { prefix: '/api/auth/email', ...auth })
  app.register(emailChangeLinkRoutes, { prefix: '/api/auth/email', ...auth })
  app.register(async function authenticated(app) {
    app.requireUser()
    app.takeTurns()
    app.register(identityRoutes, { prefix: '/api/auth', ...auth })
    app.register(stepUpRoutes, { prefix: '/api/auth/step-up', ...auth })
    app.register(factorRoutes, { prefix: '/api/auth/factors', ...auth })
    app.register(passkeyRoutes, { prefix: '/api/auth/passkeys', ...auth })
    app.register(profileRoutes, { prefix: '/api/auth/profile', ...auth, personalData })
    app.register(passwordRoutes, { prefix: '/api/auth/password', ...auth })
    app.register(verificationRoutes, { prefix: '/api/auth/email', ...auth })
    app.register(emailChangeRoutes, { prefix: '/api/auth/email', ...auth })
    app.register(personalTokenRoutes, { prefix: '/api/auth/tokens', ...auth })
    app.register(sessionRoutes, { prefix: '/api/auth/sessions', ...auth })
    app.register(activityRoutes, { prefix: '/api/auth/activity', cursors: sealed })
    app.register(revocationRoutes, { prefix: '/api/revocations', cursors: sealed })
    for (const each of routes.authenticated ?? []) mount(app, each)
  })
  app.register(async function admin(app) {
    app.requireAdmin()
    app.takeTurns()
    app.register(adminEventRoutes, { prefix: '/api/admin/events' })
    app.register(adminAuditRoutes, {
      prefix: '/api/admin/audit',
      statistics: createStatistics(db, clock),
      cursors: sealed
    })
    app.register(adminUserRoutes, { prefix: '/api/admin/users', operations, cursors: sealed })
    for (const each of routes.admin ?? []) mount(app, each)
  })
  app.register(healthRoutes)
  for (const each of routes.public ?? []) mount(app, each)
  app.addHook('onClose', startHousekeeping(db, config, log, product.housekeeping))
  app.addHook('onClose', async () => shared?.close())
  return app
}
