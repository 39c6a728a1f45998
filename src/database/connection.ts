import { join } from 'node:path'
import { Kysely, PGliteDialect, PostgresDialect } from 'kysely'
import pg from 'pg'
import { lockDirectory } from './directory-lock.ts'
import type { Database } from './tables.ts'
import { rfc3339, TIMESTAMPTZ } from './timestamps.ts'

/** Where losses are told. */
interface Log {
  warn: (details: object, message: string) => void
}

/** Milliseconds. pg and PostgreSQL wait for ever unless told. */
const limits = { connect: 2_000, statement: 5_000, answer: 7_000, lock: 2_000, idleInTransaction: 10_000 }

/** SET, not startup parameters: poolers (PgBouncer, Neon's) refuse the latter. */
const sessionSettings = `
  set timezone to 'UTC';
  set statement_timeout to ${limits.statement};
  set lock_timeout to ${limits.lock};
  set idle_in_transaction_session_timeout to ${limits.idleInTransaction}`

const getTypeParser: typeof pg.types.getTypeParser = (oid, format) =>
  oid === TIMESTAMPTZ && format !== 'binary' ? rfc3339 : pg.types.getTypeParser(oid, format)

/**
 * A connection whose answer does not come (a host that vanished) is given up: it would keep the next request waiting
 * too, for as long as TCP hopes.
 */
class Client extends pg.Client {
  constructor(config?: pg.ClientConfig) {
    super(config)
    const { query } = this
    const giveUp = async (error: Error) => {
      if (error.message === 'Query read timeout') await this.end()
    }
    Object.assign(this, {
      query: (...args: unknown[]) => {
        const answer: Promise<unknown> = Reflect.apply(query, this, args)
        answer.catch(giveUp)
        return answer
      }
    })
  }
}

function openPostgres(connectionString: string, log: Log, answerWithin: number): PostgresDialect {
  const pool = new pg.Pool({
    Client,
    connectionString,
    application_name: 'gatehouse',
    connectionTimeoutMillis: limits.connect,
    query_timeout: answerWithin,
    keepAlive: true,
    types: { getTypeParser }
  })
  // A backend that dies must not take the process with it, neither idle in the pool nor between two statements.
  const survive = (error: Error) => log.warn({ err: error }, 'lost a database connection')
  pool.on('error', survive)
  pool.on('connect', (client) => {
    client.on('error', survive)
    client.query(sessionSettings).catch(survive)
  })
  return new PostgresDialect({ pool })
}

/** The embedded engine, loaded only when used: it is most of the memory and of the start. */
async function openEmbedded(dataDir: string) {
  const lock = lockDirectory(dataDir)
  const { PGlite } = await import('@electric-sql/pglite')
  const pglite = await PGlite.create({ dataDir: join(dataDir, 'database'), parsers: { [TIMESTAMPTZ]: rfc3339 } })
  const close = pglite.close.bind(pglite)
  pglite.close = () => close().finally(lock.release)
  return pglite
}

/** The database of the settings: PostgreSQL, or the embedded one in the data directory. Connects at the first query. */
export function openDatabase<Tables = Database>(
  config: { databaseUrl: string | undefined; dataDir: string },
  log: Log,
  answerWithin = limits.answer
) {
  const dialect = config.databaseUrl
    ? openPostgres(config.databaseUrl, log, answerWithin)
    : new PGliteDialect({ pglite: () => openEmbedded(config.dataDir) })
  return new Kysely<Tables>({ dialect })
}
