import { setTimeout as sleep } from 'node:timers/promises'
import { type Kysely, sql } from 'kysely'
import { type DatabaseSettings, isPooled, openForMigrations } from './connection.ts'
import { explain, isUnavailable } from './failures.ts'
import { migrate } from './migrate.ts'
import { keepLimitsAtRole } from './role-limits.ts'
import type { Database } from './tables.ts'

/** Milliseconds between two tries to reach the database. */
const pause = 250

interface Log {
  info: (details: object, message: string) => void
  warn: (details: object, message: string) => void
}

/**
 * Waits for a database that is down or starting, up to so many seconds, and says so. What it refuses for good (a
 * password, a name) is not waited for.
 */
export async function awaitDatabase(db: Kysely<Database>, seconds: number, log: Log): Promise<void> {
  const end = performance.now() + seconds * 1000
  for (let told = false; ; told = true) {
    const error: unknown = await sql`select 1`.execute(db).then(
      () => undefined,
      (error) => error
    )
    if (error === undefined) return
    if (!isUnavailable(error)) throw error
    if (performance.now() + pause > end) throw new Error(`The database does not answer: ${explain(error)}`)
    if (!told) log.warn({ reason: explain(error), seconds }, 'waiting for the database')
    await sleep(pause)
  }
}

interface Settings extends DatabaseSettings {
  /** Seconds that a database may take to come up. */
  databaseWait: number
}

/**
 * Waits for the database and brings it to the newest schema, past the pooler where there is one. Returns the names of
 * the migrations applied.
 */
export async function prepareDatabase(
  db: Kysely<Database>,
  config: Settings,
  log: Log,
  open = openForMigrations
): Promise<string[]> {
  if (config.directUrl === undefined) return migrate(db, log)
  const direct = open(config.directUrl, log)
  try {
    await awaitDatabase(direct, config.databaseWait, log)
    const applied = await migrate(direct, log)
    if (isPooled(config)) {
      log.info({ direct: new URL(config.directUrl).hostname }, 'migrations and announcements go past the pooler')
      await awaitDatabase(db, config.databaseWait, log)
      await keepLimitsAtRole(db, direct, log)
    }
    return applied
  } finally {
    await direct.destroy()
  }
}
