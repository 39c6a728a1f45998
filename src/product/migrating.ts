import type { Kysely } from 'kysely'
import type { DatabaseSettings, Log } from '../database/connection.ts'
import { migrationsOf } from '../database/migrate.ts'
import { prepareDatabase } from '../database/prepare.ts'
import type { Database } from '../database/tables.ts'
import { foreignReferences } from '../repositories/user-references.ts'
import type { Product } from './product.ts'

/**
 * Throws if a table of the product refers to users, and the export of their data or the deletion of their accounts does not
 * know of it (GDPR, articles 15, 17 and 20).
 */
async function checkTables(db: Kysely<Database>, { personalData = {}, erase }: Product): Promise<void> {
  const references = await foreignReferences(db)
  const unknown = new Set(references.map(({ table }) => table).filter((table) => !(table in personalData)))
  const wrong = [
    ...[...unknown].map((table) => `personalData of the product must say what a user gets of the table ${table}`),
    ...references
      .filter(({ isReleased }) => !isReleased && !erase)
      .map(({ table, constraint }) => `the foreign key ${constraint} of ${table} must be "on delete cascade"`)
  ]
  if (wrong.length > 0) throw new Error(`Accounts could not be exported or deleted: ${wrong.join('; ')}`)
}

/** Waits for the database, applies our migrations and then the product's, and returns the names of those that were pending. */
export async function migrateFor(
  product: Product,
  db: Kysely<Database>,
  config: DatabaseSettings & { databaseWait: number },
  log: Log
): Promise<string[]> {
  const applied = await prepareDatabase(db, config, log, { product: migrationsOf(product.migrations) })
  await checkTables(db, product)
  return applied
}
