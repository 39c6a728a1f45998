import { existsSync } from 'node:fs'
import fs from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { type Kysely, sql } from 'kysely'
import { FileMigrationProvider, type MigrationProvider, type MigrationResultSet, Migrator } from 'kysely/migration'
import { explain, isLocked, isUnavailable } from './failures.ts'
import type { Database } from './tables.ts'

const folder = path.join(import.meta.dirname, '../../migrations')

const filesOf = (migrationFolder: string) =>
  new FileMigrationProvider({ fs, path, migrationFolder, import: (file) => import(pathToFileURL(file).href) })

export const migrations: MigrationProvider = filesOf(folder)

/** Migrations of the product built on Gatehouse, with their own numbers, in a folder that may be missing. */
export const productMigrationsIn = (productFolder: string): MigrationProvider => ({
  getMigrations: async () => (existsSync(productFolder) ? filesOf(productFolder).getMigrations() : {})
})
/** Of a product that is a copy of this repository. */
export const productMigrations = productMigrationsIn(path.join(folder, 'product'))

/** The migrations of a product: none, a folder, or what provides them. Throws if the folder is missing. */
export function migrationsOf(given: string | URL | MigrationProvider | undefined): MigrationProvider {
  if (given === undefined) return { getMigrations: async () => ({}) }
  if (typeof given === 'object' && !(given instanceof URL)) return given
  const productFolder = given instanceof URL ? fileURLToPath(given) : path.resolve(given)
  if (!existsSync(productFolder)) throw new Error(`The folder of migrations ${productFolder} does not exist`)
  return filesOf(productFolder)
}

const productTable = 'product_migration'

export async function migratorsOf(db: Kysely<Database>, { own = migrations, product = productMigrations } = {}) {
  const { rows } = await sql<{ schema: string | null }>`select current_schema() as schema`.execute(db)
  const schema = rows[0]?.schema
  if (!schema)
    throw new Error(
      'No schema of the search_path exists: create it with "create schema", or name another one in DATABASE_URL'
    )
  const common = { db, migrationTableSchema: schema }
  return {
    schema,
    own: new Migrator({ ...common, provider: own }),
    product: new Migrator({
      ...common,
      provider: product,
      migrationTableName: productTable,
      migrationLockTableName: `${productTable}_lock`
    })
  }
}

// Earlier releases kept product migrations in Gatehouse's table.
async function moveProductRecords(db: Kysely<Database>, names: string[]): Promise<void> {
  const { rows } = await sql<{ exists: boolean }>`select to_regclass('kysely_migration') is not null as exists`.execute(
    db
  )
  if (!rows[0]?.exists) return
  await db.transaction().execute(async (trx) => {
    await sql`create table if not exists ${sql.table(productTable)}
      (name varchar(255) primary key, timestamp varchar(255) not null)`.execute(trx)
    await sql`with moved as (delete from kysely_migration where name = any(${names}::text[]) returning *)
      insert into ${sql.table(productTable)} select name, timestamp from moved`.execute(trx)
  })
}

// Each try waits for the connection's lock timeout; other statements run between tries.
const tries = 120
const retryDelay = 500

interface Log {
  info: (details: object, message: string) => void
}

// One query, because the migrator inspects all tables and columns.
async function isUpToDate(db: Kysely<Database>, table: string, names: string[]): Promise<boolean> {
  const applied = await sql<{ name: string }>`select name from ${sql.table(table)}`.execute(db).then(
    ({ rows }) => rows.map(({ name }) => name),
    () => []
  )
  return names.sort().join() === applied.sort().join()
}

async function toLatest(migrator: Migrator, log: Log): Promise<string[]> {
  let result: MigrationResultSet = await migrator.migrateToLatest()
  for (let tried = 1; isLocked(result.error) && tried < tries; tried++) {
    if (tried === 1) log.info({ reason: explain(result.error) }, 'migrations wait for a lock')
    await sleep(retryDelay)
    result = await migrator.migrateToLatest()
  }
  if (result.error || !result.results) throw result.error
  return result.results.map(({ migrationName }) => migrationName)
}

const hint =
  'The folder migrations/ belongs to Gatehouse. Either this release is older than the database, or the folder contains a migration of ' +
  'your own. Put your own migrations into migrations/product/ (docs/migrations.md).'

/** Applies pending migrations, first Gatehouse's, then the product's, and returns their names. Processes wait for each other. */
export async function migrate(
  db: Kysely<Database>,
  log: Log,
  { own = migrations, product = productMigrations } = {}
): Promise<string[]> {
  try {
    const migrators = await migratorsOf(db, { own, product })
    const ours = await own.getMigrations()
    const theirs = Object.keys(await product.getMigrations())
    const isCurrent = (table: string, names: string[]) => isUpToDate(db, `${migrators.schema}.${table}`, names)
    const isOwnCurrent = await isCurrent('kysely_migration', Object.keys(ours))
    if (isOwnCurrent && (theirs.length === 0 || (await isCurrent(productTable, theirs)))) return []
    if (theirs.length === 0) return await toLatest(migrators.own, log)
    await moveProductRecords(
      db,
      theirs.filter((name) => !(name in ours))
    )
    const applied = await toLatest(migrators.own, log)
    const further = await toLatest(migrators.product, log)
    return [...applied, ...further.map((name) => `product/${name}`)]
  } catch (error) {
    if (isUnavailable(error)) throw new Error(`The database does not answer: ${explain(error)}`)
    if (/^corrupted migrations/.test((error as Error).message)) throw new Error(`${explain(error)}. ${hint}`)
    throw error
  }
}
