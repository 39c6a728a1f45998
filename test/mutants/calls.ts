// Runs each test file that is new, has changed or has failed, and writes down which functions of the service it calls.
import { appendFileSync } from 'node:fs'
import { Session } from 'node:inspector/promises'
import { fileURLToPath } from 'node:url'
import root from 'tap'
import { runFile, testFiles } from '../helpers/group.ts'
import { type Calls, callsFile, hashOf, knownCalls } from './files.ts'

const known = knownCalls()
const missing = testFiles(process.env.TEST_FILES?.split(' ')).filter((test) => !known.get(test)?.isOk)

const session = new Session()
session.connect()
await session.post('Profiler.enable')
await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: false })

const repository = new URL('../../', import.meta.url)

/** What was called since the last time. */
async function take(): Promise<Calls['sources']> {
  const { result } = await session.post('Profiler.takePreciseCoverage')
  const sources: Calls['sources'] = {}
  for (const { url, functions } of result) {
    if (!/^(src|plugins)\//.test(url.replace(repository.href, ''))) continue
    // The first one is the module.
    const called = functions.slice(1).flatMap(({ ranges: [range] }) => (range?.count ? [range.startOffset] : []))
    if (called.length > 0) sources[fileURLToPath(url).replace(fileURLToPath(repository), '')] = called
  }
  return sources
}

root.setTimeout(0)
if (missing.length > 0) await import('../../src/app.ts')
await take()
for (const [place, test] of missing.entries()) {
  const hash = hashOf(test)
  const start = performance.now()
  const isOk = await runFile(test)
  const ms = Math.round(performance.now() - start)
  const line: Calls = { test, hash, ms, isOk, sources: await take() }
  appendFileSync(callsFile, `${JSON.stringify(line)}\n`)
  process.stderr.write(`${place + 1} of ${missing.length}: ${test} ${ms} ms${isOk ? '' : ' FAILS'}\n`)
}
root.end()
// A test may have left a timer or a socket behind.
setTimeout(() => process.exit(0), 5_000).unref()
