import Fastify, { type FastifyInstance, LogController } from 'fastify'
import type { Logger } from 'pino'
import { authentication } from '../plugins/authentication.ts'
import { bodies } from '../plugins/bodies.ts'
import { client, trustedProxies } from '../plugins/client.ts'
import { cookies } from '../plugins/cookies.ts'
import { database } from '../plugins/database.ts'
import { draining } from '../plugins/draining.ts'
import { jwt } from '../plugins/jwt.ts'
import { limits } from '../plugins/limits.ts'
import { logging, requestId } from '../plugins/logging.ts'
import { openapi } from '../plugins/openapi.ts'
import { pressure } from '../plugins/pressure.ts'
import { answerFrameworkError, answerParserError, problemDetails } from '../plugins/problems.ts'
import { protocol } from '../plugins/protocol.ts'
import { security } from '../plugins/security.ts'
import { turns } from '../plugins/turns.ts'
import { unknown } from '../plugins/unknown.ts'
import { validation } from '../plugins/validation.ts'
import { web } from '../plugins/web.ts'
import { credentialRoutes, identityRoutes } from '../routes/auth.ts'
import { healthRoutes } from '../routes/health.ts'
import { passwordRoutes, profileRoutes } from '../routes/profile.ts'
import { sessionRoutes } from '../routes/sessions.ts'
import { taskRoutes } from '../routes/tasks.ts'
import { userTaskRoutes } from '../routes/user-tasks.ts'
import { components } from '../schemas/common.ts'
import { createAuth } from './auth/auth.ts'
import type { Config } from './config/config.ts'
import { type Engine, openDatabase } from './database/connection.ts'
import { openOwnConnection } from './database/own-connection.ts'
import { poolsOf } from './database/pools.ts'
import { openReads } from './database/replica.ts'
import { startHousekeeping } from './housekeeping.ts'
import { type Cuts, createBoundedServer } from './http/bounded-server.ts'
import { createCursors } from './http/cursors.ts'
import type { RedisTimes } from './redis/redis.ts'
import { openSharedCounts } from './redis/shared-counts.ts'

interface Surroundings {
  log: Logger
  /** Milliseconds since 1970. */
  clock?: () => number
  /** How long Redis is waited for. */
  redis?: RedisTimes
  /** The embedded engine; by default the one of the data directory. */
  engine?: Engine
}

const serverOptions = {
  requestTimeout: 10_000,
  headersTimeout: 10_000,
  keepAliveTimeout: 72_000,
  connectionsCheckingInterval: 1_000,
  // plugins/protocol.ts asks for the Host header, with an answer like any other.
  requireHostHeader: false
}

/** The whole service, on the database of the settings, which it connects to at the first query and closes with itself. */
export async function buildApp(
  config: Config,
  { log, clock = Date.now, redis, engine }: Surroundings
): Promise<FastifyInstance> {
  const bounds = {
    maxConnections: config.maxConnections,
    onCuts: (cuts: Cuts) => log.warn({ cuts }, 'connections cut')
  }
  const app = Fastify({
    logController: new LogController({ disableRequestLogging: true }),
    genReqId: requestId,
    // A line names its request itself: a logger for each would cost more than the line.
    childLoggerFactory: () => log,
    trustProxy: trustedProxies(config.trustProxy),
    bodyLimit: 64 * 1024,
    serverFactory: (handler) => createBoundedServer(serverOptions, handler, bounds),
    return503OnClosing: false,
    frameworkErrors: answerFrameworkError,
    clientErrorHandler: answerParserError
  })
  // Not an option: Fastify would ask it for a line, or a logger, at each request.
  app.log = log
  for (const schema of components()) app.addSchema(schema)
  const db = openDatabase(config, log, { engine })
  const reads = openReads(config, db, log)
  const own = openOwnConnection(config, db, log)
  const shared = await openSharedCounts(config, log, redis)
  await app.register(jwt, config)
  const auth = createAuth(config, db, {
    jwt: app.jwt,
    reads,
    own,
    shared,
    log,
    clock
  })
  const { accounts, sessions } = auth
  const cursors = createCursors(config.secrets)
  const { taskQuota } = config

  if (config.tracing) {
    const { tracing } = await import('../plugins/tracing.ts')
    await app.register(tracing, { ...config.tracing, log })
  }
  if (config.metrics) {
    const { metrics } = await import('../plugins/metrics.ts')
    await app.register(metrics, { listen: config.metrics, pools: () => poolsOf(db), ...auth })
  }
  await app.register(problemDetails)
  await app.register(logging, { log })
  await app.register(security, { ...config, probe: Fastify() })
  await app.register(bodies)
  await app.register(pressure, { processes: config.workers })
  await app.register(draining)
  await app.register(protocol)
  await app.register(validation)
  await app.register(limits, { ...config.rateLimit, shared })
  await app.register(client)
  await app.register(cookies, config)
  await app.register(unknown, config)
  await app.register(openapi)
  await app.register(web, config)
  await app.register(database, { db, reads, own })
  await app.register(authentication, auth)
  await app.register(turns, { isEmbedded: config.databaseUrl === undefined })

  app.register(healthRoutes)
  app.register(credentialRoutes, { prefix: '/api/auth', accounts, sessions })
  app.register(async function authenticated(app) {
    app.requireUser()
    app.takeTurns()
    app.register(identityRoutes, { prefix: '/api/auth', accounts, sessions })
    app.register(profileRoutes, { prefix: '/api/auth/profile', accounts })
    app.register(passwordRoutes, { prefix: '/api/auth/password', accounts })
    app.register(sessionRoutes, { prefix: '/api/auth/sessions', sessions })
    app.register(taskRoutes, { prefix: '/api/tasks', cursors, taskQuota })
    app.register(userTaskRoutes, { prefix: '/api/users/:user_id/tasks', cursors, taskQuota })
  })
  const stopTidying = startHousekeeping(db, config, log)
  app.addHook('onClose', async () => {
    stopTidying()
    shared?.close()
  })
  return app
}
