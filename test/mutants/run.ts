// npm run test:mutants [-- src/http src/auth/tokens/jws.ts ...]: small changes of meaning, each of which a test must notice.
import { spawnSync } from 'node:child_process'
import { existsSync, globSync, readFileSync, rmSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { Stryker } from '@stryker-mutator/core'
import { type Calls, folder, knownCalls, promise, unusedFile } from './files.ts'
import { isCurrent, printScores, readScores } from './scores.ts'

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

// Milliseconds of tests per mutant.
process.env.MUTANT_BUDGET ??= '8000'
process.env.MUTANTS_DIR = folder
// No time limit of tap for the whole process.
process.env.TAP_TIMEOUT = '0'

const filesIn = (path: string) => (statSync(path).isFile() ? [path] : globSync(`${path}/*.ts`)).sort()
const allUnder = (path: string) => (statSync(path).isFile() ? [path] : globSync(`${path}/**/*.ts`))

const given = process.argv.slice(2).filter((word) => !word.startsWith('--'))
const wanted = new Set(given.length > 0 ? given.flatMap(allUnder) : everything.flatMap(filesIn))
const chunks = [...new Set([...everything, ...[...wanted].map((path) => dirname(path))])]
  .map((path) => ({ path, sources: filesIn(path).filter((source) => wanted.has(source)) }))
  .filter(({ sources }) => sources.length > 0)

/** The tests to choose from: by default those of the service itself. */
const candidates = process.env.TEST_FILES?.split(' ') ?? [
  'test/{auth,http,plugins,repositories,routes}/**/*.test.ts',
  'test/{database,import,logging,mail,observability,operator,process,redis}/**/*.test.ts',
  'test/*.test.ts'
]

function measure(): Calls[] {
  const { status } = spawnSync(process.execPath, ['test/mutants/calls.ts', ...candidates], {
    stdio: ['ignore', 'ignore', 'inherit']
  })
  if (status !== 0) console.error('Some tests fail without any mutant.')
  const known = knownCalls()
  return globSync(candidates).flatMap((test) => known.get(test) ?? [])
}

/** How many tests of each function, the most promising ones, are used. */
const perFunction = 3

function choose(sources: string[], calls: Calls[]): string[] {
  const chosen = new Set<string>()
  for (const source of sources) {
    const callers = calls
      .filter(({ isOk, sources }) => isOk && sources[source])
      .sort((a, b) => promise(b.test, source, b.ms) - promise(a.test, source, a.ms))
    const used = new Map<number, number>()
    for (const { test, sources } of callers)
      for (const place of sources[source] ?? []) {
        const count = used.get(place) ?? 0
        used.set(place, count + 1)
        if (count < perFunction) chosen.add(test)
      }
  }
  return [...chosen].sort()
}

if (!process.argv.includes('--scores')) {
  const calls = measure()
  for (const { path, sources } of chunks) {
    const tests = choose(sources, calls)
    const name = path.replaceAll('/', '-')
    if (tests.length === 0) {
      console.error(`No test calls ${path}`)
      continue
    }
    process.env.TEST_FILES = tests.join(' ')
    rmSync(unusedFile, { force: true })
    await new Stryker({
      mutate: sources,
      plugins: ['runner', 'unnoticeable', 'scores'].map((name) => new URL(`${name}.ts`, import.meta.url).pathname),
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
      timeoutMS: 30_000,
      timeoutFactor: 0.2,
      dryRunTimeoutMinutes: 15,
      // Replaces a process after many mutants, because one of them may have left something behind.
      maxTestRunnerReuse: 100,
      tempDirName: '.stryker-tmp',
      reporters: [process.stdout.isTTY ? 'progress' : 'progress-append-only', 'html', 'scores'],
      htmlReporter: { fileName: join(folder, `${name}.html`) },
      warnings: { slow: false, unknownOptions: true, preprocessorErrors: true, unserializableOptions: true }
    }).runMutationTest()
    if (existsSync(unusedFile)) console.error(readFileSync(unusedFile, 'utf8'))
  }
}

const scores = readScores()
const shown = [...wanted].filter((source) => existsSync(source))
printScores(shown, scores)
if (shown.some((source) => !isCurrent(source, scores) || (scores[source]?.score ?? 0) < 90)) process.exitCode = 1
