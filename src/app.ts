import Fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from 'fastify'
import { authentication } from '../plugins/authentication.ts'
import { database } from '../plugins/database.ts'
import { limits } from '../plugins/limits.ts'
import { logging, requestId } from '../plugins/logging.ts'
import { openapi } from '../plugins/openapi.ts'
import { answerFrameworkError, answerParserError, problemDetails } from '../plugins/problems.ts'
import { protocol } from '../plugins/protocol.ts'
import { security } from '../plugins/security.ts'
import { unknown } from '../plugins/unknown.ts'
import { validation } from '../plugins/validation.ts'
import { credentialRoutes, sessionRoutes } from '../routes/auth.ts'
import { healthRoutes } from '../routes/health.ts'
import { profileRoutes } from '../routes/profile.ts'
import { taskRoutes } from '../routes/tasks.ts'
import { userTaskRoutes } from '../routes/user-tasks.ts'
import { components } from '../schemas/common.ts'
import { createAccessTokens } from './auth/access-tokens.ts'
import { createAccounts } from './auth/accounts.ts'
import { createPasswords } from './auth/passwords.ts'
import type { Config } from './config.ts'
import { createCursors } from './cursors.ts'
import { openDatabase } from './database/connection.ts'
import { usersRepository } from './repositories/users.ts'

interface Surroundings {
  log: FastifyBaseLogger
  /** Milliseconds since 1970. */
  clock?: () => number
}

/** The whole service, on the database of the settings, which it connects to at the first query and closes with itself. */
export async function buildApp(config: Config, { log, clock = Date.now }: Surroundings): Promise<FastifyInstance> {
  const app = Fastify({
    loggerInstance: log,
    logController: new LogController({ disableRequestLogging: true }),
    genReqId: requestId,
    trustProxy: config.trustProxy,
    bodyLimit: 64 * 1024,
    requestTimeout: 10_000,
    // plugins/protocol.ts asks for the Host header, with an answer like any other.
    http: { headersTimeout: 10_000, connectionsCheckingInterval: 1_000, requireHostHeader: false },
    return503OnClosing: false,
    frameworkErrors: answerFrameworkError,
    clientErrorHandler: answerParserError
  })
  for (const schema of components()) app.addSchema(schema)
  const db = openDatabase(config, log)
  const tokens = createAccessTokens(config, clock)
  const accounts = createAccounts(usersRepository(db), createPasswords(config), tokens)
  const cursors = createCursors(config.secrets)

  await app.register(problemDetails)
  await app.register(logging)
  await app.register(security, config)
  await app.register(protocol)
  await app.register(validation)
  await app.register(limits, config.rateLimit)
  await app.register(unknown)
  await app.register(openapi)
  await app.register(database, { db })
  await app.register(authentication, { tokens })

  app.register(healthRoutes)
  app.register(credentialRoutes, { prefix: '/api/auth', accounts })
  app.register(async function authenticated(app) {
    app.requireUser()
    app.register(sessionRoutes, { prefix: '/api/auth' })
    app.register(profileRoutes, { prefix: '/api/auth/profile' })
    app.register(taskRoutes, { prefix: '/api/tasks', cursors })
    app.register(userTaskRoutes, { prefix: '/api/users/:user_id/tasks', cursors })
  })
  return app
}
