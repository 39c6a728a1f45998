import { Kysely } from 'kysely'
import { type DatabaseSettings, dialectOf, isPooled, type Log, openPool } from './connection.ts'
import { forPooled, forRequests } from './session-settings.ts'
import type { Database } from './tables.ts'

/** A connection for readiness and revocations: requests that fill the pool must not make the process count as not ready. */
export function openOwnConnection(config: DatabaseSettings, db: Kysely<Database>, log: Log): Kysely<Database> {
  if (!config.databaseUrl) return db
  const session = isPooled(config) ? forPooled : forRequests
  const pool = openPool(config.databaseUrl, log, { session, answerWithin: 2_500, max: 1 })
  return new Kysely({ dialect: dialectOf(pool, config.queueWait) })
}
