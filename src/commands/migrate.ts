import { openDatabase } from '../database/connection.ts'
import { prepareDatabase } from '../database/prepare.ts'
import { createLog } from '../logging/log.ts'
import { fillTaskKeys } from '../repositories/task-key-filling.ts'
import { loadSettings } from './settings.ts'

const config = loadSettings()
const log = createLog(config.logLevel)
const db = openDatabase(config, log)
try {
  const applied = await prepareDatabase(db, config, log)
  await fillTaskKeys(db)
  process.stdout.write(applied.length > 0 ? `Applied: ${applied.join(', ')}\n` : 'The schema is up to date\n')
} catch (error) {
  process.stderr.write(`Not migrated: ${(error as Error).message}\n`)
  process.exitCode = 1
} finally {
  await db.destroy()
}
