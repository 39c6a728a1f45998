import { readdirSync } from 'node:fs'
import { cpus, loadavg, release } from 'node:os'
import { relative } from 'node:path'
import { type Bench, type Figure, figure, table } from './helpers/figures.ts'
import { type Recorded, record } from './helpers/record.ts'
import { writeReport } from './helpers/report.ts'

// A deployment is measured by its contract alone, so that nothing else is loaded.
if (process.argv.some((word) => /^--(against|help)\b/.test(word))) {
  const { main } = await import('./against/main.ts')
  process.exit(await main(process.argv.slice(2)))
}

interface Module {
  needsPostgres?: boolean
  /** Parts that can run alone. */
  parts?: string[]
  bench: Bench
}

/**
 * Every file in this folder is a bench: `npm run bench` runs all, `npm run bench -- login-storm` one, and `npm run
 * bench -- cost me list` parts of one.
 */
const names = readdirSync(import.meta.dirname)
  .filter((file) => file.endsWith('.ts') && file !== 'run.ts')
  .map((file) => file.slice(0, -'.ts'.length))
const modules = new Map<string, Module>()
for (const name of names) modules.set(name, await import(`./${name}.ts`))

const wanted = new Map<string, string[]>()
let last = ''
for (const word of process.argv.slice(2)) {
  if (modules.has(word)) {
    last = word
    wanted.set(word, [])
  } else if (modules.get(last)?.parts?.includes(word)) wanted.get(last)?.push(word)
  else {
    process.stderr.write(`There is no bench or part called ${word}; there are ${names.join(', ')}\n`)
    process.exit(2)
  }
}
if (wanted.size === 0) for (const name of names) wanted.set(name, [])

const [{ model = 'unknown' } = {}, ...others] = cpus()
const machine = `${model}, ${others.length + 1} cores, ${process.platform} ${release()}, Node.js ${process.version}`
const loadNow = () => loadavg()[0]?.toFixed(1) ?? ''
const database = process.env.DATABASE_URL
  ? 'PostgreSQL'
  : 'No PostgreSQL (set DATABASE_URL): the embedded database, whose figures cannot be compared with those of PostgreSQL'
console.log(`${machine}\n${database}\n${new Date().toISOString()}, load before the start ${loadNow()}\n`)

/** Runs a bench, or parts of it one by one, and reports each. One that fails is a row in the table, and the others still run. */
async function run({ bench, needsPostgres, parts }: Module, name: string, wanted: string[]): Promise<Figure[]> {
  const say = (progress: string) => console.log(`${name}: ${progress}`)
  if (needsPostgres && !process.env.DATABASE_URL) {
    say('not run, needs PostgreSQL: set DATABASE_URL to a server on which its user may create databases')
    return [{ ...figure(name, '', 'needs PostgreSQL'), verdict: 'not run' }]
  }
  const found: Figure[] = []
  for (const part of wanted.length > 0 ? wanted : (parts ?? [undefined])) {
    const figures = await bench(say, part ? [part] : undefined).catch((error: Error) => {
      console.error(error)
      return [figure([name, part].filter(Boolean).join(' '), '', `failed: ${error.message}`, false)]
    })
    for (const { figure, measured, ratio, spread, verdict } of figures)
      say(`${[figure, measured, ratio, spread].filter(Boolean).join(': ')}: ${verdict}`)
    found.push(...figures)
  }
  return found
}

const benches: Recorded['benches'] = {}
for (const [name, parts] of wanted) {
  const [begin, at, load] = [performance.now(), new Date().toISOString(), loadNow()]
  const module = modules.get(name)
  if (!module) continue
  const figures = await run(module, name, parts)
  const seconds = Math.round((performance.now() - begin) / 1000)
  benches[name] = { at, load, seconds, figures }
  console.log(`${name}: done in ${seconds} s\n`)
}
const figures = Object.values(benches).flatMap(({ figures }) => figures)
console.log(table(figures))
// A partial run must not replace a full one.
if ([...wanted.values()].every((parts) => parts.length === 0))
  console.log(`\nReport: ${relative('.', writeReport(record({ machine, database, benches })))}`)
process.exit(figures.some(({ verdict }) => verdict === 'NOT met') ? 1 : 0)
