import { Kysely } from 'kysely'
import { type DatabaseSettings, dialectOf, isPooled, type Log, openPool } from './connection.ts'
import { forPooled, forRequests } from './session-settings.ts'
import type { Database } from './tables.ts'

/**
 * A connection for what the service itself asks: whether the database answers, and what has been revoked. Requests fill the pool and
 * its queue, and must not decide whether this process counts as ready. The embedded database has one connection in all.
 */
export function openOwnConnection(config: DatabaseSettings, db: Kysely<Database>, log: Log): Kysely<Database> {
  if (!config.databaseUrl) return db
  const session = isPooled(config) ? forPooled : forRequests
  return new Kysely({ dialect: dialectOf(openPool(config.databaseUrl, log, { session, answerWithin: 2_500, max: 1 })) })
}
