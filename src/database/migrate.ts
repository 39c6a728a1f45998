import fs from 'node:fs/promises'
import path from 'node:path'
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

/** How often to wait for the process that migrates, by the connection's lock timeout (2 s) each time. */
const longestWait = 60

/**
 * Brings the database to the newest schema, in one transaction, and returns the names of what was applied. Processes
 * that start together wait for each other.
 */
export async function migrate(db: Kysely<Database>): Promise<string[]> {
  const migrator = new Migrator({ db, provider: migrations })
  let { error, results = [] } = await migrator.migrateToLatest()
  for (let wait = 0; isLocked(error) && wait < longestWait; wait++)
    ({ error, results = [] } = await migrator.migrateToLatest())
  if (isUnavailable(error)) throw new Error(`The database does not answer: ${explain(error)}`)
  if (error) throw error
  return results.map(({ migrationName }) => migrationName)
}
