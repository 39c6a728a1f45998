import {
  type CompiledQuery,
  type DatabaseConnection,
  type Driver,
  Kysely,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  type QueryResult
} from 'kysely'
import { type DatabaseSettings, dialectOf, type Log, openPool } from './connection.ts'
import { isUnavailable } from './failures.ts'
import { createFreshness, type Freshness, hasReached, positionOf } from './freshness.ts'
import { rememberPools } from './pools.ts'
import { forPooled, forReplicas, type SessionSettings } from './session-settings.ts'
import type { Database } from './tables.ts'

/** Milliseconds: the primary is there for who has to wait longer. */
const limits = { connectWithin: 500, answerWithin: 2_500 }

interface ReadSettings extends DatabaseSettings {
  replicaUrl: string | undefined
}

interface Databases {
  primary: Kysely<Database>
  replica: Kysely<Database>
}

/** SELECTs from the replica where it shows all that the primary has acknowledged; everything else from the primary. */
function createConnection({ primary, replica }: Databases, freshness: Freshness): DatabaseConnection {
  return {
    async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
      if (query.query.kind !== 'SelectQueryNode' || !(await freshness.isFresh()))
        return primary.executeQuery<R>(query as CompiledQuery<R>)
      try {
        return await replica.executeQuery<R>(query as CompiledQuery<R>)
      } catch (error) {
        if (!isUnavailable(error)) throw error
        freshness.setAside()
        return primary.executeQuery<R>(query as CompiledQuery<R>)
      }
    },
    streamQuery: () => {
      throw new Error('Reads are not streamed')
    }
  }
}

const refuse = async () => {
  throw new Error('A transaction belongs to the primary')
}

/** A database to read from: its replica's answers are never older than the question. It writes to the primary. */
export function createReads(databases: Databases, freshness: Freshness, close: () => Promise<void>): Kysely<Database> {
  const connection = createConnection(databases, freshness)
  const driver: Driver = {
    init: async () => {},
    acquireConnection: async () => connection,
    releaseConnection: async () => {},
    beginTransaction: refuse,
    commitTransaction: refuse,
    rollbackTransaction: refuse,
    destroy: close
  }
  return new Kysely({
    dialect: {
      createDriver: () => driver,
      createAdapter: () => new PostgresAdapter(),
      createQueryCompiler: () => new PostgresQueryCompiler(),
      createIntrospector: (db) => new PostgresIntrospector(db)
    }
  })
}

/** Where reads go: the database itself, unless the settings name a replica. */
export function openReads(config: ReadSettings, primary: Kysely<Database>, log: Log): Kysely<Database> {
  const { databaseUrl, replicaUrl } = config
  if (databaseUrl === undefined || replicaUrl === undefined) return primary
  const open = (url: string, session: SessionSettings, max: number) => openPool(url, log, { session, max, ...limits })
  const pool = open(replicaUrl, forReplicas, 10)
  rememberPools(primary, { replica: pool })
  const kysely = (pool: ReturnType<typeof openPool>) => new Kysely<Database>({ dialect: dialectOf(pool) })
  const replica = kysely(pool)
  // Of their own: where everybody waits for a connection, these questions are what shortens the queue.
  const here = kysely(open(databaseUrl, forPooled, 1))
  const there = kysely(open(replicaUrl, forReplicas, 1))
  const freshness = createFreshness({
    position: positionOf.bind(undefined, here),
    hasReached: hasReached.bind(undefined, there)
  })
  const close = async () => {
    await Promise.all([replica.destroy(), here.destroy(), there.destroy()])
  }
  return createReads({ primary, replica }, freshness, close)
}
