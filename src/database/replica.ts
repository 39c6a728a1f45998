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
import { registerPools } from './pools.ts'
import { forPooled, forReplicas, type SessionSettings } from './session-settings.ts'
import type { Database } from './tables.ts'

// Milliseconds, after which the primary answers instead.
const limits = { connectWithin: 500, answerWithin: 2_500 }

interface ReadSettings extends DatabaseSettings {
  replicaUrl: string | undefined
}

interface Databases {
  primary: Kysely<Database>
  replica: Kysely<Database>
}

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
  throw new Error('Transactions must use the primary')
}

/** A database whose SELECTs see every write acknowledged before they began. Writes go to the primary. */
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

export function openReads(config: ReadSettings, primary: Kysely<Database>, log: Log): Kysely<Database> {
  const { databaseUrl, replicaUrl } = config
  if (databaseUrl === undefined || replicaUrl === undefined) return primary
  const open = (url: string, session: SessionSettings, max: number) => openPool(url, log, { session, max, ...limits })
  const pool = open(replicaUrl, forReplicas, 10)
  registerPools(primary, { replica: pool })
  const kysely = (pool: ReturnType<typeof openPool>) => new Kysely<Database>({ dialect: dialectOf(pool) })
  const replica = kysely(pool)
  // Separate connections: a full pool must not delay the freshness checks.
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
