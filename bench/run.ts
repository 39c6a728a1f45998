import { readdirSync } from 'node:fs'
import { cpus, loadavg, release } from 'node:os'
import { type Bench, type Figure, table } from './helpers/figures.ts'

/** Every file beside this one is a bench: `npm run bench` runs all, `npm run bench -- login-storm` one. */
const names = readdirSync(import.meta.dirname)
  .filter((file) => file.endsWith('.ts') && file !== 'run.ts')
  .map((file) => file.slice(0, -'.ts'.length))
const wanted = process.argv.slice(2)
const unknown = wanted.filter((name) => !names.includes(name))
if (unknown.length > 0) {
  process.stderr.write(`There is no bench called ${unknown.join(', ')}; there are ${names.join(', ')}\n`)
  process.exit(2)
}

const [{ model = 'unknown' } = {}, ...others] = cpus()
const load = loadavg()[0]?.toFixed(1)
console.log(`${model}, ${others.length + 1} cores, ${process.platform} ${release()}, Node.js ${process.version}`)
console.log(`${new Date().toISOString()}, load before the start ${load}\n`)

const figures: Figure[] = []
for (const name of wanted.length > 0 ? wanted : names) {
  const begin = performance.now()
  const say = (progress: string) => console.log(`${name}: ${progress}`)
  const { needsPostgres = false, bench } = (await import(`./${name}.ts`)) as { needsPostgres?: boolean; bench: Bench }
  if (needsPostgres && !process.env.DATABASE_URL) {
    say('not run, needs PostgreSQL: set DATABASE_URL to a server on which its user may create databases')
    figures.push({ figure: name, target: '', measured: 'needs PostgreSQL', verdict: 'not run' })
    continue
  }
  const found = await bench(say)
  for (const { figure, measured, verdict } of found) say(`${figure}: ${measured}: ${verdict}`)
  figures.push(...found)
  say(`done in ${((performance.now() - begin) / 1000).toFixed(0)} s\n`)
}
console.log(table(figures))
process.exit(figures.some(({ verdict }) => verdict === 'NOT met') ? 1 : 0)
