// npm run test:mutants [-- --sample 200 --seed 1 src/http src/auth/tokens/jws.ts ...]: small changes of meaning, each of which a test must notice.
import { spawnSync } from 'node:child_process'
import { existsSync, globSync, readFileSync, rmSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { parseArgs } from 'node:util'
import type { PartialStrykerOptions } from '@stryker-mutator/api/core'
import { Stryker } from '@stryker-mutator/core'
import { readEquivalents, unlisted } from './equivalent.ts'
import { type Calls, folder, knownCalls, nameIn, promise, unusedFile } from './files.ts'
import { draw, readSample, scoreText, writeSample } from './sample.ts'
import { isCurrent, printScores, readScores, scoreOf, textOf } from './scores.ts'

// By risk. A chunk is a folder: its files share the run of the tests that finds out which mutants each test reaches.
const everything = [
  'src/auth/tokens',
  'src/auth/revocations',
  'src/auth/personal-tokens',
  'src/auth/keys',
  'src/auth/factors',
  'src/auth/throttle',
  'src/http',
  'src/auth',
  'src/repositories',
  'plugins',
  'src/auth/passwords'
]

const { values: options, positionals: given } = parseArgs({
  options: {
    sample: { type: 'string' },
    seed: { type: 'string', default: '1' },
    thorough: { type: 'boolean' },
    scores: { type: 'boolean' }
  },
  allowPositionals: true
})

// A sample is to tell the score of all tests, and its mutants are few.
const isThorough = options.thorough || options.sample !== undefined
// Milliseconds of tests per mutant.
process.env.MUTANT_BUDGET ??= isThorough ? '30000' : '8000'
/** How many tests of each function, the most promising ones, are used. */
const perFunction = isThorough ? 12 : 3
process.env.MUTANTS_DIR = folder
// No time limit of tap for the whole process.
process.env.TAP_TIMEOUT = '0'

const filesIn = (path: string) => (statSync(path).isFile() ? [path] : globSync(`${path}/*.ts`)).sort()
const allUnder = (path: string) => (statSync(path).isFile() ? [path] : globSync(`${path}/**/*.ts`))

const wanted = new Set(given.length > 0 ? given.flatMap(allUnder) : everything.flatMap(filesIn))
const chunks = [...new Set([...everything, ...[...wanted].map((path) => dirname(path))])]
  .map((path) => ({ path, sources: filesIn(path).filter((source) => wanted.has(source)) }))
  .filter(({ sources }) => sources.length > 0)

/** The tests to choose from: by default those of the service itself. */
const candidates = process.env.TEST_FILES?.split(' ') ?? [
  'test/{auth,http,plugins,repositories,routes}/**/*.test.ts',
  'test/{audit,config,database,import,logging,mail,observability,operator,process,product,redis}/**/*.test.ts',
  'test/*.test.ts'
]

function measure(): Calls[] {
  const { status } = spawnSync(process.execPath, ['test/mutants/calls.ts'], {
    // Not as arguments: tap names the folders of fixtures after them, and a long name is refused.
    env: { ...process.env, TEST_FILES: candidates.join(' ') },
    stdio: ['ignore', 'ignore', 'inherit']
  })
  if (status !== 0) console.error('Some tests fail without any mutant.')
  const known = knownCalls()
  return globSync(candidates).flatMap((test) => known.get(test) ?? [])
}

/** Chooses tests of all functions, or of those around the given places: characters from the start of each source file. */
function choose(sources: string[], calls: Calls[], places?: Map<string, number[]>): string[] {
  const chosen = new Set<string>()
  for (const source of sources) {
    const callers = calls
      .filter(({ isOk, sources }) => isOk && sources[source])
      .sort((a, b) => promise(b.test, source, b.ms) - promise(a.test, source, a.ms))
    const functions = new Set(callers.flatMap(({ sources }) => sources[source] ?? []))
    // The last function that begins before a place is around it, or its neighbour.
    const near = places?.get(source)?.map((place) => {
      const before = [...functions].filter((start) => start <= place)
      return before.length > 0 ? Math.max(...before) : Math.min(...functions)
    })
    const isWanted = (start: number) => near?.includes(start) ?? true
    const used = new Map<number, number>()
    for (const { test, sources } of callers)
      for (const start of sources[source] ?? []) {
        const count = used.get(start) ?? 0
        used.set(start, count + 1)
        if (count < perFunction && isWanted(start)) chosen.add(test)
      }
  }
  return [...chosen].sort()
}

const settings: PartialStrykerOptions = {
  plugins: ['runner', 'unnoticeable', 'scores', 'sampling'].map(
    (name) => new URL(`${name}.ts`, import.meta.url).pathname
  ),
  testRunner: 'gatehouse',
  ignorers: ['unnoticeable'],
  // StrykerJS would rewrite tsconfig.json by the API of TypeScript, which TypeScript 7 does not have.
  ignorePatterns: [
    '/tsconfig.json',
    '/web/tsconfig.json',
    '/web/dist',
    '/web/report*',
    '/bench/report',
    '/packages/*/dist',
    '/test/browser',
    '/test/clients',
    '/mutants'
  ],
  coverageAnalysis: 'perTest',
  concurrency: Number(process.env.MUTANT_JOBS ?? 1),
  // Longer than the tests of a mutant take on a busy machine: what is late counts as noticed.
  timeoutMS: 120_000,
  timeoutFactor: 0.2,
  dryRunTimeoutMinutes: 60,
  // Replaces a process after many mutants, because one of them may have left something behind.
  maxTestRunnerReuse: 100,
  tempDirName: '.stryker-tmp',
  warnings: { slow: false, unknownOptions: true, preprocessorErrors: true, unserializableOptions: true }
}

const page = (name: string) => ({ fileName: join(folder, `${name}.html`) })

/** Runs mutants with the tests that call their source files. Returns whether there are any. */
async function run(mutate: string[], tests: string[], more: PartialStrykerOptions): Promise<boolean> {
  if (tests.length === 0) return false
  process.env.TEST_FILES = tests.join(' ')
  rmSync(unusedFile, { force: true })
  await new Stryker({ ...settings, mutate, ...more }).runMutationTest()
  if (existsSync(unusedFile)) console.error(readFileSync(unusedFile, 'utf8'))
  return true
}

/** Runs all mutants of the chunks, and prints the score of each file. */
async function runAll(): Promise<void> {
  if (!options.scores) {
    const calls = measure()
    for (const { path, sources } of chunks) {
      const reporters = [process.stdout.isTTY ? 'progress' : 'progress-append-only', 'html', 'scores']
      const htmlReporter = page(path.replaceAll('/', '-'))
      const isReached = await run(sources, choose(sources, calls), { reporters, htmlReporter })
      if (!isReached) console.error(`No test calls ${path}`)
    }
  }
  const scores = readScores()
  const shown = [...wanted].filter((source) => existsSync(source))
  printScores(shown, scores)
  if (shown.some((source) => !isCurrent(source, scores) || scoreOf(scores[source]).score < 90)) process.exitCode = 1
}

/** Runs some mutants, drawn from all of what is wanted, and prints their score. */
async function runSample(size: number, seed: string): Promise<void> {
  const lister = { testRunner: 'lister', reporters: [], concurrency: 1 }
  const all = await new Stryker({ ...settings, ...lister, mutate: [...wanted] }).runMutationTest()
  const places = new Map(
    all
      .filter(({ status }) => status !== 'Ignored')
      .map((mutant) => {
        const source = mutant.fileName.replace(`${process.cwd()}/`, '')
        const { start, end } = mutant.location
        // A range of StrykerJS counts lines from 1 and columns from 0, and its end is within.
        const range = `${start.line}:${start.column - 1}-${end.line}:${end.column - 1}`
        const lines = readFileSync(source, 'utf8').split('\n').slice(0, start.line)
        const place = lines.join('\n').length - (lines.at(-1)?.length ?? 0) + start.column - 1
        return [nameIn(source, mutant), { source, place, range: `${source}:${range}` }] as const
      })
  )
  const mutants = draw([...places.keys()], size, seed)
  writeSample({ seed, of: places.size, mutants })
  console.log(`${mutants.length} of ${places.size} mutants, seed ${seed}`)
  process.env.MUTANT_SAMPLE = 'yes'
  const drawn = mutants.flatMap((name) => places.get(name) ?? [])
  const bySource = new Map(
    [...Map.groupBy(drawn, ({ source }) => source)].map(([source, all]) => [source, all.map(({ place }) => place)])
  )
  const ranges = [...new Set(drawn.map(({ range }) => range))]
  const more = { reporters: ['sample', 'scores', 'html'], htmlReporter: page('sample') }
  const chosen = choose([...bySource.keys()], measure(), bySource)
  if (!(await run(ranges, chosen, more))) throw new Error('No test calls what was drawn')
  const { noticed = 0, survivors = [] } = readSample()
  const open = unlisted(survivors, readEquivalents())
  for (const survivor of open) console.log(textOf(survivor))
  const tried = noticed + open.length
  console.log(
    `\nSeed ${seed}, ${mutants.length} of ${places.size} mutants, ${survivors.length - open.length} of them equivalent: ` +
      scoreText(noticed, tried)
  )
  if (noticed < 0.9 * tried) process.exitCode = 1
}

if (options.sample !== undefined && !/^[1-9]\d*$/.test(options.sample)) throw new Error('--sample takes a number')
if (options.sample) await runSample(Number(options.sample), options.seed)
else await runAll()
