import { parseArgs } from 'node:util'
import { sealEvents } from '../audit/sealing.ts'
import { parsePostgresUrl } from '../config/setting-types.ts'
import { openDatabase } from '../database/connection.ts'
import { prepareDatabase } from '../database/prepare.ts'
import type { Database } from '../database/tables.ts'
import { auth0File, csvFile, firebaseFile, firebaseProject } from '../import/files.ts'
import { importFrom, importWithReport } from '../import/report.ts'
import { createLog } from '../logging/log.ts'
import { createCommandLog } from '../operator/command-log.ts'
import { watchOutput } from '../process/output.ts'
import { commandText } from '../process/program.ts'
import { supabaseRepository } from '../repositories/supabase.ts'
import { loadSettings } from './settings.ts'

const usage = `Usage: ${commandText('import', 'better-auth <DATABASE_URL of the Better Auth server> [--write]')}
       ${commandText('import', 'supabase <DATABASE_URL of the project> [--write]')}
       ${commandText('import', 'auth0 <FILE.ndjson> [--write]')}
       ${commandText('import', 'csv <FILE.csv> [--write]')}
       ${commandText('import', 'firebase <FILE.json> --signer-key <KEY> --salt-separator <TEXT> --rounds 8 --mem-cost 14 [--write]')}

Copies users and password hashes into the database of the settings. Without --write it only reports what it would do.
A run that was interrupted can be repeated: users who are there already stay as they are. docs/import.md describes the files.
`

const systems = ['better-auth', 'supabase', 'auth0', 'csv', 'firebase']

function quit(problem: string): never {
  process.stderr.write(`${problem}\n\n${usage}`)
  process.exit(2)
}

function readArguments() {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: {
        write: { type: 'boolean', default: false },
        'signer-key': { type: 'string' },
        'salt-separator': { type: 'string' },
        rounds: { type: 'string' },
        'mem-cost': { type: 'string' }
      }
    })
    const [system = '', place, ...more] = positionals
    if (!systems.includes(system) || !place || more.length > 0)
      throw new Error(`Name one of ${systems.join(', ')}, and a place`)
    const { 'signer-key': signerKey, 'salt-separator': saltSeparator, rounds, 'mem-cost': memCost } = values
    const project = system === 'firebase' ? firebaseProject({ signerKey, saltSeparator, rounds, memCost }) : undefined
    return { system, place, dryRun: !values.write, project }
  } catch (error) {
    return quit((error as Error).message)
  }
}

const { system, place, dryRun, project } = readArguments()
const isDatabase = system === 'better-auth' || system === 'supabase'

function sourceUrl(text: string): string {
  try {
    return parsePostgresUrl(text)
  } catch (error) {
    process.stderr.write(`The URL ${(error as Error).message}\n`)
    process.exit(2)
  }
}

watchOutput()
const config = loadSettings()
const log = createLog(config.logLevel)
const target = openDatabase<Database>(config, log)
const from = isDatabase ? openDatabase<unknown>({ databaseUrl: sourceUrl(place), dataDir: '' }, log) : undefined
const common = { target, dryRun, print: process.stdout.write.bind(process.stdout) }

async function run(path: string): Promise<void> {
  if (!from) {
    const source = project ? firebaseFile(path, project) : system === 'auth0' ? auth0File(path) : csvFile(path)
    return importFrom({ ...common, source, what: path, idPrefix: `${system}:` })
  }
  if (system === 'better-auth') return importWithReport({ ...common, from })
  const source = supabaseRepository(from)
  await importFrom({ ...common, source, what: 'auth.users', total: await source.count(), idPrefix: 'supabase:' })
}

/** Before the first user, so that an interrupted import is recorded as well. */
async function recordStart(): Promise<void> {
  const record = createCommandLog(target, log)
  await target.transaction().execute((trx) => record(trx, 'users.imported', `from ${system}`))
  await sealEvents(target)
}

await prepareDatabase(target, config, log)
  .then(() => (dryRun ? undefined : recordStart()))
  .then(() => run(place))
  .catch((error: Error) => {
    process.stderr.write(`Not imported: ${error.message}\n`)
    process.exitCode = 1
  })
  .finally(() => Promise.all([target.destroy(), from?.destroy()]))
