import { inspect } from 'node:util'
import type { Kysely } from 'kysely'
import type { PersonalSections } from '../auth/personal-export.ts'
import type { DatabaseSettings, Log } from '../database/connection.ts'
import { migrationsOf } from '../database/migrate.ts'
import { prepareDatabase } from '../database/prepare.ts'
import type { Database } from '../database/tables.ts'
import { nobody, personalDataRepository } from '../repositories/personal-data.ts'
import { foreignReferences } from '../repositories/user-references.ts'
import type { Product, Usage } from './product.ts'

/** What PostgreSQL says of tables and columns that `personalData` names, and that do not exist. */
async function wrongSections(db: Kysely<Database>, sections: PersonalSections): Promise<string[]> {
  const wrong: string[] = []
  for (const [table, section] of Object.entries(sections))
    if ('columns' in section)
      await personalDataRepository(db)
        .check(table, section)
        .catch((error) => wrong.push(`personalData.${table} of the product cannot be read: ${error.message}`))
  return wrong
}

const describe = (given: unknown) =>
  typeof given === 'string' ? `the text "${given}": write count(*)::int` : inspect(given)

/** Reads the numbers of a user who does not exist, because a mistake would otherwise be found by an operator. */
async function wrongUsage(db: Kysely<Database>, usage: Usage): Promise<string[]> {
  try {
    const numbers = await usage.read(db, nobody)
    return Object.keys(usage.numbers)
      .filter((name) => !Number.isSafeInteger(numbers[name]))
      .map((name) => `usage.read of the product gives no whole number for ${name}, but ${describe(numbers[name])}`)
  } catch (error) {
    return [`usage.read of the product fails: ${(error as Error).message}`]
  }
}

/**
 * Throws if a table of the product refers to users, and the export of their data or the deletion of their accounts does not
 * know of it (GDPR, articles 15, 17 and 20).
 */
async function checkTables(db: Kysely<Database>, { personalData = {}, erase, usage }: Product): Promise<void> {
  const references = await foreignReferences(db)
  const unknown = new Set(references.map(({ table }) => table).filter((table) => !(table in personalData)))
  const wrong = [
    ...[...unknown].map((table) => `personalData of the product must say what a user gets of the table ${table}`),
    ...references
      .filter(({ isReleased }) => !isReleased && !erase)
      .map(({ table, constraint }) => `the foreign key ${constraint} of ${table} must be "on delete cascade"`),
    ...(await wrongSections(db, personalData)),
    ...(usage ? await wrongUsage(db, usage) : [])
  ]
  if (wrong.length > 0) throw new Error(`Accounts could not be shown, exported or deleted: ${wrong.join('; ')}`)
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
