// Runs test files once and reports on them; `node --watch` does so again whenever one of them changes, or what they import.
import { resolve } from 'node:path'
import t from 'tap'
import Report from './report.ts'
import { matchStrictly } from './strict-match.ts'

t.pipe(new Report()).pipe(process.stdout)
t.setTimeout(240_000)
t.beforeEach(matchStrictly)
for (const file of process.argv.slice(2)) await import(resolve(file))
t.end()
