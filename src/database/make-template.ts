import { existsSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { sql } from 'kysely'
import { createLog } from '../logging/log.ts'
import { openDatabase } from './connection.ts'
import { migrate } from './migrate.ts'
import { templatePath } from './template.ts'

/** PostgreSQL copies these for a new database. The embedded one has no other, and without them a copy of it takes half the time. */
const dropSpareDatabases = [
  sql`update pg_database set datistemplate = false where datname in ('template0', 'template1')`,
  sql`drop database if exists template0`,
  sql`drop database if exists template1`
]

/** Creates the template of the embedded database if it is missing. This takes PGlite five seconds of CPU. */
export async function makeTemplate(path = templatePath()): Promise<void> {
  if (existsSync(path)) return
  const draft = `${path}-${process.pid}`
  const log = createLog('silent')
  const db = openDatabase({ databaseUrl: undefined, dataDir: draft }, log)
  try {
    await migrate(db, log)
    for (const statement of dropSpareDatabases) await statement.execute(db)
    await db.destroy()
    renameSync(join(draft, 'database'), path)
  } finally {
    rmSync(draft, { recursive: true, force: true })
  }
}
