import { openDatabase } from '../database/connection.ts'
import { migrate } from '../database/migrate.ts'
import { createLog } from '../log.ts'
import { settings } from './settings.ts'

const config = settings()
const db = openDatabase(config, createLog(config.logLevel))
try {
  const applied = await migrate(db)
  process.stdout.write(applied.length > 0 ? `Applied: ${applied.join(', ')}\n` : 'The schema is up to date\n')
} catch (error) {
  process.stderr.write(`Not migrated: ${(error as Error).message}\n`)
  process.exitCode = 1
} finally {
  await db.destroy()
}
