import type { Kysely } from 'kysely'
import { type Migration, Migrator } from 'kysely/migration'
import * as users from '../../migrations/0001_users.ts'
import * as tasks from '../../migrations/0002_tasks.ts'
import type { Database } from './tables.ts'

export const migrations: Record<string, Migration> = { '0001_users': users, '0002_tasks': tasks }

/**
 * Brings the database to the newest schema, in one transaction, and returns the names of what was applied. Processes
 * that start together wait for each other.
 */
export async function migrate(db: Kysely<Database>): Promise<string[]> {
  const { error, results = [] } = await new Migrator({
    db,
    provider: { getMigrations: async () => migrations }
  }).migrateToLatest()
  if (error) throw error
  return results.map(({ migrationName }) => migrationName)
}
