import { loadConfig } from '../config.ts'
import { openDatabase } from '../database/connection.ts'
import { migrate } from '../database/migrate.ts'
import type { Database } from '../database/tables.ts'
import { importUsers, type Outcome, outcomes } from '../import/better-auth.ts'
import { createLog } from '../log.ts'
import { type BetterAuthTables, betterAuthRepository } from '../repositories/better-auth.ts'

const usage = `Usage: npm run import -- better-auth <DATABASE_URL of the Better Auth server> [--write]

Copies users and password hashes into the database of the settings. Without --write it only tells what it would do.
`

/** How many of those who were left alone are named. */
const named = 20

const [system, url, ...flags] = process.argv.slice(2)
const dryRun = !flags.includes('--write')

if (system !== 'better-auth' || !url || flags.some((flag) => flag !== '--write')) {
  process.stderr.write(usage)
  process.exit(2)
}

const config = loadConfig()
const log = createLog(config.logLevel)
const target = openDatabase<Database>(config, log)
const from = openDatabase<BetterAuthTables>({ databaseUrl: url, dataDir: '' }, log)
try {
  await migrate(target)
  const source = betterAuthRepository(from)
  const total = await source.count()
  const left: string[] = []
  const report = await importUsers({
    source,
    target,
    dryRun,
    onProgress: (read) => process.stdout.write(`${read} of ${total} users read\n`),
    onLeft: (id, outcome) => left.length < named && left.push(`  ${id}: ${outcomes[outcome]}`)
  })
  process.stdout.write(dryRun ? '\nA dry run: nothing was written. This is what --write would do:\n' : '\nDone:\n')
  for (const [outcome, count] of Object.entries(report))
    process.stdout.write(`${String(count).padStart(8)}  ${outcomes[outcome as Outcome]}\n`)
  if (left.length > 0) process.stdout.write(`\nLeft alone, by their id there (at most ${named}):\n${left.join('\n')}\n`)
} catch (error) {
  process.stderr.write(`Not imported: ${(error as Error).message}\n`)
  process.exitCode = 1
} finally {
  await target.destroy()
  await from.destroy()
}
