import { setTimeout as sleep } from 'node:timers/promises'
import { type Kysely, sql } from 'kysely'
import type { MigrationProvider } from 'kysely/migration'
import { type DatabaseSettings, isPooled, openForMigrations } from './connection.ts'
import { explain, isUnavailable } from './failures.ts'
import { migrate } from './migrate.ts'
import { setRoleLimits } from './role-limits.ts'
import type { Database } from './tables.ts'

const retryDelay = 250

interface Log {
  info: (details: object, message: string) => void
  warn: (details: object, message: string) => void
}

/** Waits for a database that is down or starting. A permanent error (password, database name) is thrown at once. */
export async function waitForDatabase(db: Kysely<Database>, seconds: number, log: Log): Promise<void> {
  const end = performance.now() + seconds * 1000
  for (let told = false; ; told = true) {
    const error: unknown = await sql`select 1`.execute(db).then(
      () => undefined,
      (error) => error
    )
    if (error === undefined) return
    if (!isUnavailable(error)) throw error
    if (performance.now() + retryDelay > end) throw new Error(`The database does not answer: ${explain(error)}`)
    if (!told) log.warn({ reason: explain(error), seconds }, 'waiting for the database')
    await sleep(retryDelay)
  }
}

interface Settings extends DatabaseSettings {
  databaseWait: number
}

/** Waits for the database and applies pending migrations over the direct connection. Returns their names. */
export async function prepareDatabase(
  db: Kysely<Database>,
  config: Settings,
  log: Log,
  { open = openForMigrations, product }: { open?: typeof openForMigrations; product?: MigrationProvider } = {}
): Promise<string[]> {
  const providers = { ...(product && { product }) }
  if (config.directUrl === undefined) return migrate(db, log, providers)
  const direct = open(config.directUrl, log)
  try {
    await waitForDatabase(direct, config.databaseWait, log)
    const applied = await migrate(direct, log, providers)
    if (isPooled(config)) {
      log.info({ direct: new URL(config.directUrl).hostname }, 'migrations and LISTEN bypass the pooler')
      await waitForDatabase(db, config.databaseWait, log)
      await setRoleLimits(db, direct, log)
    }
    return applied
  } finally {
    await direct.destroy()
  }
}
