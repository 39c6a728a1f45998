import { existsSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { createLog } from '../logging/log.ts'
import { openDatabase } from './connection.ts'
import { migrate } from './migrate.ts'
import { templatePath } from './template.ts'

/** Creates the template of the embedded database if it is missing. This takes PGlite five seconds of CPU. */
export async function makeTemplate(path = templatePath()): Promise<void> {
  if (existsSync(path)) return
  const draft = `${path}-${process.pid}`
  const log = createLog('silent')
  const db = openDatabase({ databaseUrl: undefined, dataDir: draft }, log)
  try {
    await migrate(db, log)
    await db.destroy()
    renameSync(join(draft, 'database'), path)
  } finally {
    rmSync(draft, { recursive: true, force: true })
  }
}
