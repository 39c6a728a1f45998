import { sealEvents } from '../audit/sealing.ts'
import { openDatabase, openForMigrations } from '../database/connection.ts'
import { userLines } from '../import/leaving.ts'
import { createLog } from '../logging/log.ts'
import { createCommandLog } from '../operator/command-log.ts'
import { watchOutput } from '../process/output.ts'
import { commandText } from '../process/program.ts'
import { loadSettings } from './settings.ts'

const usage = `Usage: ${commandText('export', 'users [--with-hashes]')} > users.ndjson

Writes the users who registered here to standard output, one JSON object a line. With --with-hashes also their password
hashes: keep that file as secret as the database.
`

const [what, ...flags] = process.argv.slice(2)
if (what !== 'users' || flags.some((flag) => flag !== '--with-hashes')) {
  process.stderr.write(usage)
  process.exit(2)
}

const output = watchOutput()
const config = loadSettings()
const log = createLog('warn')
const db = config.directUrl === undefined ? openDatabase(config, log) : openForMigrations(config.directUrl, log)
try {
  const record = createCommandLog(db, log)
  const reason = flags.length > 0 ? 'with password hashes' : 'without password hashes'
  // Before the first line, so that an interrupted export is recorded as well.
  await db.transaction().execute((trx) => record(trx, 'users.exported', reason))
  await sealEvents(db)
  for await (const lines of userLines(db, { withHashes: flags.length > 0 })) if (!(await output.write(lines))) break
} catch (error) {
  process.stderr.write(`Not exported: ${(error as Error).message}\n`)
  process.exitCode = 1
} finally {
  await db.destroy()
}
