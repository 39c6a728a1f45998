import { parseArgs } from 'node:util'
import { sealEvents } from '../audit/sealing.ts'
import { retireKey, rotateKeys } from '../auth/keys/rotation.ts'
import { openDatabase } from '../database/connection.ts'
import { prepareDatabase } from '../database/prepare.ts'
import { createLog } from '../logging/log.ts'
import { createCommandLog, type RecordCommand } from '../operator/command-log.ts'
import { watchOutput } from '../process/output.ts'
import { commandText } from '../process/program.ts'
import { signingKeysRepository } from '../repositories/signing-keys.ts'
import { loadSettings } from './settings.ts'

const usage = `Usage: ${commandText('keys', 'list | rotate | retire <kid> [--now] [--reason <text>] [--json]')}

list          shows the keys that sign access tokens
rotate        lets the next key sign, retires the current one, and makes another next key
retire <kid>  retires a key: its tokens are accepted until they expire; with --now they are refused from now on

--reason is kept with the event in the audit log, as well as the key and who ran the command.
`

function given() {
  try {
    const options = { now: { type: 'boolean' }, json: { type: 'boolean' }, reason: { type: 'string' } } as const
    const { values, positionals } = parseArgs({ allowPositionals: true, options })
    const [command = '', kid, ...more] = positionals
    const isRetire = command === 'retire'
    if (!['list', 'rotate', 'retire'].includes(command) || (kid !== undefined) !== isRetire || more.length > 0)
      throw new Error(command ? `${positionals.join(' ')} is no command` : 'A command is missing')
    if (values.now && !isRetire) throw new Error('--now is for retire')
    const reason = values.reason?.trim() ?? ''
    if (reason.length > 500) throw new Error('--reason takes up to 500 characters')
    return { command, kid: kid ?? '', atOnce: values.now === true, json: values.json === true, reason }
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n\n${usage}`)
    process.exit(2)
  }
}

const { command, kid, atOnce, json, reason } = given()
watchOutput()
const config = loadSettings()
const log = createLog(config.logLevel)
const db = openDatabase(config, log)
const { signingAlgorithm: algorithm } = config
const recordCommand = createCommandLog(db, log)
const record: RecordCommand = (trx, event, change) =>
  recordCommand(trx, event, reason === '' ? change : `${change}: ${reason}`)

type Listed = Awaited<ReturnType<ReturnType<typeof signingKeysRepository>['list']>>[number]

function describe({ kid, algorithm, state, ...times }: Listed): string {
  const until = times.retires_at === null ? '' : ` until ${times.retires_at}`
  const words = {
    next: times.signs_from === null ? `published since ${times.created_at}` : `signs from ${times.signs_from}`,
    current: `signs since ${times.signs_from}${until}`,
    retired: `since ${times.retires_at}; its tokens are accepted until ${times.accepted_until}`,
    refused: `its tokens are refused since ${times.accepted_until}`
  }
  return `${kid}  ${algorithm}  ${state}: ${words[state]}\n`
}

async function act(): Promise<void> {
  if (command === 'rotate') {
    if (algorithm === 'HS256')
      throw new Error('SIGNING_ALGORITHM is HS256, which needs no keys: set it to EdDSA or ES256')
    await rotateKeys(db, algorithm, config, record)
  }
  if (command === 'retire' && !(await retireKey(db, kid, config, { atOnce, record })))
    throw new Error(`there is no key ${kid}; ${commandText('keys', 'list')} shows the keys`)
  const keys = await signingKeysRepository(db).list()
  const lines = keys.length > 0 ? keys.map(describe).join('') : 'There are no keys: the shared secret signs\n'
  process.stdout.write(json ? `${JSON.stringify(keys)}\n` : lines)
}

try {
  await prepareDatabase(db, config, log)
  await act()
  // A list records nothing, and works on a copy that is read only.
  if (command !== 'list') await sealEvents(db)
} catch (error) {
  process.stderr.write(`Not done: ${(error as Error).message}\n`)
  process.exitCode = 1
} finally {
  await db.destroy()
}
