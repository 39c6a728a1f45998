import { parsePostgresUrl } from '../config/setting-types.ts'
import { openDatabase } from '../database/connection.ts'
import { prepareDatabase } from '../database/prepare.ts'
import type { Database } from '../database/tables.ts'
import { importWithReport } from '../import/report.ts'
import { createLog } from '../logging/log.ts'
import { loadSettings } from './settings.ts'

const usage = `Usage: npm run import -- better-auth <DATABASE_URL of the Better Auth server> [--write]

Copies users and password hashes into the database of the settings. Without --write it only reports what it would do.
`

const [system, url, ...flags] = process.argv.slice(2)
const dryRun = !flags.includes('--write')

if (system !== 'better-auth' || !url || flags.some((flag) => flag !== '--write')) {
  process.stderr.write(usage)
  process.exit(2)
}

function source(text: string): string {
  try {
    return parsePostgresUrl(text)
  } catch (error) {
    process.stderr.write(`The URL ${(error as Error).message}\n`)
    process.exit(2)
  }
}

const config = loadSettings()
const log = createLog(config.logLevel)
const target = openDatabase<Database>(config, log)
const from = openDatabase<unknown>({ databaseUrl: source(url), dataDir: '' }, log)
await prepareDatabase(target, config, log)
  .then(() => importWithReport({ from, target, dryRun, print: process.stdout.write.bind(process.stdout) }))
  .catch((error: Error) => {
    process.stderr.write(`Not imported: ${error.message}\n`)
    process.exitCode = 1
  })
  .finally(() => Promise.all([target.destroy(), from.destroy()]))
