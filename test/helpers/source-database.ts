import type { Test } from 'tap'
import { openDatabase } from '../../src/database/connection.ts'
import { createLog } from '../../src/logging/log.ts'
import { cloneTemplate } from './template.ts'

/** A database of its own that an import reads from, until the test ends. `url` is its URL on PostgreSQL. */
export async function sourceDatabase(t: Test) {
  const { settings, remove } = await cloneTemplate()
  const from = openDatabase<unknown>(
    { databaseUrl: settings.DATABASE_URL, dataDir: settings.DATA_DIR ?? '' },
    createLog('silent')
  )
  t.teardown(async () => {
    await from.destroy()
    await remove()
  })
  return { from, url: settings.DATABASE_URL }
}
