import { readdirSync } from 'node:fs'
import { loadavg } from 'node:os'
import { parseArgs } from 'node:util'
import { createSandbox } from './helpers/sandbox.ts'
import type { Scenario } from './helpers/scenario.ts'
import { type Row, table } from './helpers/table.ts'

/** Timeout of a scenario in milliseconds. */
const limit = 8 * 60_000

const names = readdirSync(new URL('scenarios', import.meta.url))
  .filter((file) => file.endsWith('.ts'))
  .map((file) => file.slice(0, -'.ts'.length))
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { ci: { type: 'boolean', default: false } }
})
const unknown = positionals.filter((name) => !names.includes(name))
if (unknown.length > 0) {
  process.stderr.write(`There is no fault called ${unknown.join(', ')}; there are ${names.join(', ')}\n`)
  process.exit(2)
}
// Services are ended on exit.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(1))

const failed = (fault: string, complaint: string): Row => ({
  ...{ fault, times: 0, requests: 0, acknowledged: 0, lost: 0, doubled: 0, otherErrors: 0, longestOutage: 0 },
  ...{ complaints: [complaint], told: '' }
})

async function runScenario(name: string, { run }: Scenario): Promise<Row[]> {
  const sandbox = createSandbox({ short: values.ci })
  let timer: NodeJS.Timeout | undefined
  const hung = new Promise<Row[]>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`hung for ${limit / 60_000} minutes`)), limit)
  })
  try {
    return await Promise.race([run(sandbox, (progress) => console.log(`${name}: ${progress}`)), hung])
  } catch (error) {
    return [failed(name, (error as Error).stack ?? String(error))]
  } finally {
    clearTimeout(timer)
    sandbox.clear()
  }
}

/**
 * Whether a row failed only because a limit was passed: of time, or of memory while every request was answered well. A busy machine
 * can cause that.
 */
const isOverLimit = ({ complaints, requests, acknowledged, lost, doubled, otherErrors }: Row) =>
  complaints.length > 0 &&
  requests > 0 &&
  lost + doubled + otherErrors === 0 &&
  (acknowledged === requests || complaints.every((complaint) => /\d ms\b/.test(complaint)))

function print(name: string, rows: Row[]): void {
  for (const { fault, told, complaints } of rows) {
    if (told) console.log(`${name}: ${fault}: ${told}`)
    for (const complaint of complaints) console.log(`${name}: ${fault}: FAILED: ${complaint}`)
  }
}

console.log(`${new Date().toISOString()}, load before the start ${loadavg()[0]?.toFixed(1)}\n`)
const rows: Row[] = []
const times: string[] = []

/** Runs a scenario. In CI, one that only exceeded a limit of time or memory is added to `again`, to run once more by itself. */
async function examine(name: string, scenario: Scenario, again: Map<string, Scenario>): Promise<void> {
  const begin = performance.now()
  const found = await runScenario(name, scenario)
  print(name, found)
  const seconds = Math.round((performance.now() - begin) / 1000)
  times.push(`${name} ${seconds}`)
  if (values.ci && found.some(isOverLimit) && !again.has(name)) {
    console.log(`${name}: once more later, because only a limit of time or memory was passed\n`)
    again.set(name, scenario)
    return
  }
  rows.push(...found)
  console.log(`${name}: done in ${seconds} s\n`)
}

const wanted = new Map<string, Scenario>()
for (const name of positionals.length > 0 ? positionals : names) {
  const { scenario } = (await import(`./scenarios/${name}.ts`)) as { scenario: Scenario }
  if (!values.ci || scenario.inCi) wanted.set(name, scenario)
}
const again = new Map<string, Scenario>()
// They mostly wait, for a process that starts or ends.
const together = [...wanted].filter(([, { isAlone }]) => !isAlone).values()
async function lane(): Promise<void> {
  for (const [name, scenario] of together) await examine(name, scenario, again)
}
await Promise.all([lane(), lane()])
for (const [name, scenario] of wanted) if (scenario.isAlone) await examine(name, scenario, again)
for (const [name, scenario] of again) await examine(name, scenario, again)
const bad = rows.filter(({ complaints }) => complaints.length > 0).length
console.log(`${table(rows)}\n\n${rows.length - bad} passed, ${bad} failed, in seconds: ${times.join(', ')}`)
process.exit(bad > 0 || rows.length === 0 ? 1 : 0)
