import type { Socket } from 'node:net'
import type { PGlite } from '@electric-sql/pglite'
import { Kysely, PGliteDialect, PostgresDialect } from 'kysely'
import pg from 'pg'
import { problems } from '../http/problems.ts'
import { withTimeout } from '../util/with-timeout.ts'
import { openEmbedded } from './embedded.ts'
import { Client } from './pg-client.ts'
import { isFree, rememberPools } from './pools.ts'
import { sendStraight } from './prepared.ts'
import { forMigrations, forPooled, forRequests, type SessionSettings, settingStatements } from './session-settings.ts'
import type { Database } from './tables.ts'
import { getTypeParser } from './timestamps.ts'

/** Where losses are told. */
export interface Log {
  info: (details: object, message: string) => void
  warn: (details: object, message: string) => void
}

/** Milliseconds; pg waits for ever unless told. Who waits for a connection and then for a lock has its answer within 2.5 s. */
const limits = { connect: 2_000, queue: 800, answer: 7_000 }

/**
 * Gives up connections whose answer does not come (a host that vanished): each would keep the next request waiting too,
 * for as long as TCP hopes. Not pg's own `query_timeout`, a timer for each query: through these, nearly every answer stays
 * in memory until the next major collection, which took a third of the CPU of a list.
 */
function giveUpSilent(pool: pg.Pool, milliseconds: number) {
  const idle = new WeakSet<object>()
  pool.on('acquire', (client) => idle.delete(client))
  pool.on('release', (_error, client) => idle.add(client))
  return (client: pg.Client) => {
    const stream = client.connection.stream as Socket
    stream.setTimeout(milliseconds)
    // Not setTimeout's own callback, which is called once: a connection that was idle for as long would use it up.
    stream.on('timeout', () => {
      if (!idle.has(client)) stream.destroy(new Error('No answer from the database'))
    })
  }
}

interface PoolOptions {
  session: SessionSettings
  /** Milliseconds for an answer; 0: as long as it takes. */
  answerWithin: number
  connectWithin?: number
  max?: number
}

export function openPool(connectionString: string, log: Log, options: PoolOptions): pg.Pool {
  const { session, answerWithin, connectWithin = limits.connect, max = 10 } = options
  // A backend that dies must not take the process with it, neither idle in the pool nor between two statements.
  const survive = (error: Error) => log.warn({ err: error }, 'lost a database connection')
  class WithinTime extends Client {
    constructor(config?: pg.ClientConfig) {
      // Not the pool's: it would also set a timer for each time that a connection is lent.
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
  const watch = giveUpSilent(pool, answerWithin)
  return pool
}

/** A pool that is exhausted is told to whoever would wait for it, before they have waited for long. */
export const dialectOf = (pool: pg.Pool) =>
  new PostgresDialect({
    pool: {
      options: pool.options,
      end: () => pool.end(),
      connect() {
        const atOnce = isFree(pool)
        const client = pool.connect()
        if (atOnce) return client
        const giveUp = () => {
          client.then((late) => late.release()).catch(() => {})
          throw problems.unavailable('pool')
        }
        return withTimeout(limits.queue, client).catch(giveUp)
      }
    }
  })

export interface DatabaseSettings {
  databaseUrl: string | undefined
  /** Past the pooler, where there is one. */
  directUrl?: string | undefined
  dataDir: string
}

/** Whether a pooler stands before the database, which hands its connections to others between two transactions. */
export const isPooled = ({ databaseUrl, directUrl = databaseUrl }: DatabaseSettings): boolean =>
  directUrl !== databaseUrl

export type Engine = () => Promise<PGlite>

interface DatabaseOptions {
  /** Milliseconds for an answer of PostgreSQL. */
  answerWithin?: number | undefined
  /** The embedded engine, where it is not to be the one of the data directory. */
  engine?: Engine | undefined
}

/** The database of the settings: PostgreSQL, or the embedded one in the data directory. Connects at the first query. */
export function openDatabase<Tables = Database>(config: DatabaseSettings, log: Log, options: DatabaseOptions = {}) {
  const { answerWithin = limits.answer, engine = () => openEmbedded(config.dataDir, log) } = options
  if (!config.databaseUrl) return new Kysely<Tables>({ dialect: new PGliteDialect({ pglite: engine }) })
  const session = isPooled(config) ? forPooled : forRequests
  const primary = openPool(config.databaseUrl, log, { session, answerWithin })
  // Kysely ends a pool that it has used, but prepared queries go past it.
  class WithPool extends Kysely<Tables> {
    override async destroy(): Promise<void> {
      await super.destroy()
      if (!primary.ending) await primary.end()
    }
  }
  const db = new WithPool({ dialect: dialectOf(primary) })
  sendStraight(db, primary, !isPooled(config))
  rememberPools(db, { primary })
  return db
}

/** PostgreSQL as migrations need it: no pooler in between, and no limit to how long a statement takes. */
export const openForMigrations = (url: string, log: Log) =>
  new Kysely<Database>({
    dialect: dialectOf(openPool(url, log, { session: forMigrations, answerWithin: 0 }))
  })
