import fs from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import type { Kysely } from 'kysely'
import { FileMigrationProvider, Migrator } from 'kysely/migration'
import { explain, isLocked, isUnavailable } from './failures.ts'
import type { Database } from './tables.ts'

/** Every file of the migrations folder, in the order of their names. */
export const migrations = new FileMigrationProvider({
  fs,
  path,
  migrationFolder: path.join(import.meta.dirname, '../../migrations'),
  import: (file) => import(pathToFileURL(file).href)
})

/** How often a lock is waited for, by the connection's lock timeout each time: the tables' own work goes on in between. */
const tries = 120
/** Milliseconds. */
const pause = 500

interface Log {
  info: (details: object, message: string) => void
}

/**
 * Brings the database to the newest schema, in one transaction, and returns the names of what was applied. Processes
 * that start together wait for each other.
 */
export async function migrate(db: Kysely<Database>, log: Log): Promise<string[]> {
  const migrator = new Migrator({ db, provider: migrations })
  let { error, results = [] } = await migrator.migrateToLatest()
  for (let tried = 1; isLocked(error) && tried < tries; tried++) {
    if (tried === 1) log.info({ reason: explain(error) }, 'migrations wait for a lock')
    await sleep(pause)
    ;({ error, results = [] } = await migrator.migrateToLatest())
  }
  if (isUnavailable(error)) throw new Error(`The database does not answer: ${explain(error)}`)
  if (error) throw error
  return results.map(({ migrationName }) => migrationName)
}
