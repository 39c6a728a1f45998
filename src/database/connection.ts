import type { Socket } from 'node:net'
import { Kysely, type PGlite, PGliteDialect, PostgresDialect } from 'kysely'
import pg from 'pg'
import { problems } from '../http/problems.ts'
import { withTimeout } from '../util/with-timeout.ts'
import { openEmbedded } from './embedded.ts'
import { Client } from './pg-client.ts'
import { isFree, registerPools } from './pools.ts'
import { sendDirectly } from './prepared.ts'
import { forMigrations, forPooled, forRequests, type SessionSettings, settingStatements } from './session-settings.ts'
import type { Database } from './tables.ts'
import { getTypeParser } from './timestamps.ts'

export interface Log {
  info: (details: object, message: string) => void
  warn: (details: object, message: string) => void
}

// Milliseconds; pg waits without a limit. A request that waits for a connection and then for a lock is answered in 2.5 s.
const limits = { connect: 2_000, queue: 800, answer: 7_000 }

// A connection in use whose host vanished would block requests until TCP gives up. pg's `query_timeout` sets a timer per query,
// and these timers keep results in memory until the next major collection: a third of the CPU of a list.
function closeUnresponsive(pool: pg.Pool, milliseconds: number) {
  const isIdle = new WeakMap<object, boolean>()
  pool.on('acquire', (client) => isIdle.set(client, false))
  pool.on('release', (_error, client) => isIdle.set(client, true))
  return (client: pg.Client) => {
    const stream = client.connection.stream as Socket
    stream.setTimeout(milliseconds)
    // The callback of setTimeout() runs only once, so an idle timeout would use it up.
    stream.on('timeout', () => {
      if (!isIdle.get(client)) stream.destroy(new Error('No answer from the database'))
    })
  }
}

interface PoolOptions {
  session: SessionSettings
  answerWithin: number
  connectWithin?: number | undefined
  max?: number
}

export function openPool(connectionString: string, log: Log, options: PoolOptions): pg.Pool {
  const { session, answerWithin, connectWithin = limits.connect, max = 10 } = options
  // Without error listeners, a backend that dies ends the process, both while idle and between two statements.
  const survive = (error: Error) => log.warn({ err: error }, 'lost a database connection')
  class WithinTime extends Client {
    constructor(config?: pg.ClientConfig) {
      // Set on the client, because the pool's own option starts a timer each time it lends a connection.
      super({ ...config, connectionTimeoutMillis: connectWithin })
    }
  }
  const pool: pg.Pool = new pg.Pool({
    Client: WithinTime,
    connectionString,
    max,
    application_name: 'gatehouse',
    keepAlive: true,
    types: { getTypeParser },
    async onConnect(client) {
      client.on('error', survive)
      watch(client as pg.Client)
      await client.query(settingStatements(session))
    }
  })
  pool.on('error', survive)
  const watch = closeUnresponsive(pool, answerWithin)
  return pool
}

/** A Kysely dialect that answers `unavailable` when no connection becomes free in time. */
export const dialectOf = (pool: pg.Pool, queueWait = limits.queue) =>
  new PostgresDialect({
    pool: {
      options: pool.options,
      end: () => pool.end(),
      connect() {
        const isImmediate = isFree(pool)
        const client = pool.connect()
        if (isImmediate) return client
        const giveUp = () => {
          client.then((late) => late.release()).catch(() => {})
          throw problems.unavailable('pool')
        }
        return withTimeout(queueWait, client).catch(giveUp)
      }
    }
  })

export interface DatabaseSettings {
  databaseUrl: string | undefined
  directUrl?: string | undefined
  dataDir: string
  queueWait?: number | undefined
}

/** Whether a pooler stands in front of the database. It may use another connection for each transaction. */
export const isPooled = ({ databaseUrl, directUrl = databaseUrl }: DatabaseSettings): boolean =>
  directUrl !== databaseUrl

/** Kysely's type: PGlite's own declarations compile only with skipLibCheck. */
export type Engine = () => Promise<PGlite>

/** Opens PostgreSQL or the embedded database, as configured. Connects at the first query. */
export function openDatabase<Tables = Database>(
  config: DatabaseSettings,
  log: Log,
  { engine = () => openEmbedded(config.dataDir, log) }: { engine?: Engine | undefined } = {}
) {
  if (!config.databaseUrl) return new Kysely<Tables>({ dialect: new PGliteDialect({ pglite: engine }) })
  const session = isPooled(config) ? forPooled : forRequests
  const primary = openPool(config.databaseUrl, log, {
    session,
    answerWithin: limits.answer,
    connectWithin: config.queueWait
  })
  // Kysely ends only a pool that it has used itself; prepared queries bypass it.
  class WithPool extends Kysely<Tables> {
    override async destroy(): Promise<void> {
      await super.destroy()
      if (!primary.ending) await primary.end()
    }
  }
  const db = new WithPool({ dialect: dialectOf(primary, config.queueWait) })
  sendDirectly(db, primary, !isPooled(config))
  registerPools(db, { primary })
  return db
}

export const openForMigrations = (url: string, log: Log) =>
  new Kysely<Database>({
    dialect: dialectOf(openPool(url, log, { session: forMigrations, answerWithin: 0 }))
  })
