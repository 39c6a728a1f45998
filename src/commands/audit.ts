import { parseArgs } from 'node:util'
import { anchorOf, readAnchor } from '../audit/anchors.ts'
import { exportTo } from '../audit/exporting.ts'
import { createProgress } from '../audit/progress.ts'
import { prune } from '../audit/pruning.ts'
import { sealEvents } from '../audit/sealing.ts'
import { verify } from '../audit/verifying.ts'
import { openDatabase, openForMigrations } from '../database/connection.ts'
import { createLog } from '../logging/log.ts'
import { createCommandLog } from '../operator/command-log.ts'
import { watchSignals } from '../process/interruption.ts'
import { watchOutput } from '../process/output.ts'
import { commandText } from '../process/program.ts'
import { auditEventsRepository } from '../repositories/audit-events.ts'
import { loadSettings } from './settings.ts'

/** Events that are sealed in a transaction: no request waits for this process. */
const sealedAtOnce = 2_000

const usage = `Usage: ${commandText('audit', 'verify [--head POSITION:HASH] [--json]')}
       ${commandText('audit', 'head')}
       ${commandText('audit', 'export [--after POSITION]')}
       ${commandText('audit', 'prune --before DATE [--yes]')}

verify  computes the hash chain of all events again. Exit code 1: it is broken, and the first broken position is printed.
        --head compares with a head that was printed earlier and kept elsewhere: it finds what the owner of the database changed.
head    seals what waits, and prints the head of the chain.
export  writes the events after a position to standard output, one JSON object a line (NDJSON), in the order of the chain.
        The last line on standard error says where to go on, also after Ctrl+C (exit code 130) or on a full disk (1).
prune   removes the events that are older than DATE (2026-01-31, or an RFC 3339 time). Without --yes it only says what it would remove.
`

const say = (text: string) => process.stderr.write(text)

function quit(problem: string): never {
  say(`${problem}\n\n${usage}`)
  process.exit(2)
}

/** NaN for other texts, and for a day that does not exist: Date.parse takes 2026-02-30 for 2 March. */
function timeOf(text: string): number {
  const [, day = '', rest] = /^((?!0000)\d{4}-\d{2}-\d{2})(T[\d:.]+(?:Z|[+-]\d{2}:\d{2}))?$/.exec(text) ?? []
  const midnight = Date.parse(day)
  if (Number.isNaN(midnight) || new Date(midnight).toISOString().slice(0, 10) !== day) return Number.NaN
  return rest ? Date.parse(text) : midnight
}

function readArguments() {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: {
        head: { type: 'string' },
        after: { type: 'string', default: '0' },
        before: { type: 'string' },
        yes: { type: 'boolean', default: false },
        json: { type: 'boolean', default: false }
      }
    })
    const { head, after, before = '', yes, json } = values
    const [command = '', ...more] = positionals
    if (!['verify', 'head', 'export', 'prune'].includes(command) || more.length > 0)
      throw new Error('Name one of: verify, head, export, prune')
    if (!/^\d{1,15}$/.test(after)) throw new Error('--after must be a position: a whole number')
    const time = timeOf(before)
    if (command === 'prune' && !(time <= Date.now())) throw new Error('--before must be a date in the past: 2026-01-31')
    return { command, anchor: head === undefined ? undefined : readAnchor(head), after: Number(after), time, yes, json }
  } catch (error) {
    quit((error as Error).message)
  }
}

const { command, anchor, after, time, yes, json } = readArguments()
const output = watchOutput()
const config = loadSettings()
const log = createLog('warn')
const { directUrl } = config
const db = directUrl === undefined ? openDatabase(config, log) : openForMigrations(directUrl, log)
const audit = auditEventsRepository(db)

const progress = createProgress(process.stderr)

async function runVerify(): Promise<void> {
  const { events, start, head, broken } = await verify(db, { anchor, onProgress: progress.of('verified') })
  progress.end()
  const { count: unsealed, oldest } = await audit.waiting()
  if (broken) process.exitCode = 1
  if (json) {
    const report = { ok: !broken, events, start, head: anchorOf(head), unsealed, oldest_unsealed: oldest, broken }
    process.stdout.write(`${JSON.stringify(report)}\n`)
    return
  }
  if (start > 0) process.stdout.write(`Events up to ${start} were pruned.\n`)
  if (broken) process.stdout.write(`BROKEN at position ${broken.position}: ${broken.problem}.\n`)
  process.stdout.write(`${events} events verified${broken ? ' before it' : `, ${start + 1} to ${head.position}`}.\n`)
  if (!broken) process.stdout.write(`Head: ${anchorOf(head)}\n`)
  if (unsealed > 0) process.stdout.write(`${unsealed} events are not sealed yet, the oldest of ${oldest}.\n`)
}

async function runPrune(): Promise<void> {
  const before = new Date(time).toISOString()
  if (!yes) {
    const { count, last } = await audit.prunable(before)
    process.stdout.write(
      count === 0
        ? `No events are older than ${before}.\n`
        : `This would remove ${count} events, up to position ${last}, for ever. Export them first if you need them. Then add --yes.\n`
    )
    return
  }
  const removed = await prune(db, before, createCommandLog(db, log), { onProgress: progress.of('removed') })
  progress.end()
  process.stdout.write(`${removed} events removed.\nHead: ${anchorOf(await audit.head())}\n`)
}

async function runExport(): Promise<void> {
  let last = after
  const onTaken = (position: number) => {
    last = position
  }
  try {
    const code = await exportTo({ write: output.write, onTaken, interrupted: watchSignals() }, db, after)
    // A write that failed has set it.
    process.exitCode = code ?? process.exitCode
  } finally {
    say(`Go on with --after ${last}\n`)
  }
}

const commands: Record<string, () => Promise<void>> = {
  verify: runVerify,
  export: runExport,
  prune: runPrune,
  async head() {
    await sealEvents(db, { size: sealedAtOnce, onProgress: progress.of('sealed') })
    progress.end()
    process.stdout.write(`${anchorOf(await audit.head())}\n`)
  }
}

try {
  await commands[command]?.()
} catch (error) {
  progress.end()
  say(`Not done: ${(error as Error).message}\n`)
  process.exitCode = 1
} finally {
  await db.destroy()
}
