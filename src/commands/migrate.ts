import { openDatabase } from '../database/connection.ts'
import { createLog } from '../logging/log.ts'
import { watchOutput } from '../process/output.ts'
import { migrateFor } from '../product/migrating.ts'
import type { Product } from '../product/product.ts'
import { tasks } from '../product/tasks.ts'
import { loadSettings } from './settings.ts'

/** Applies pending migrations, prints their names, and does what the product does before it listens. */
export async function run(product: Product): Promise<void> {
  watchOutput()
  const config = loadSettings(product)
  const log = createLog(config.logLevel)
  const db = openDatabase(config, log)
  try {
    const applied = await migrateFor(product, db, config, log)
    await product.beforeListening?.(db)
    process.stdout.write(applied.length > 0 ? `Applied: ${applied.join(', ')}\n` : 'The schema is up to date\n')
  } catch (error) {
    process.stderr.write(`Not migrated: ${(error as Error).message}\n`)
    process.exitCode = 1
  } finally {
    await db.destroy()
  }
}

if (import.meta.main) await run(tasks)
