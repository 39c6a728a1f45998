// npm run test:mutants [-- src/http src/auth/tokens/jws.ts ...]: small changes of meaning, each of which a test must notice.
import { statSync } from 'node:fs'
import { dirname } from 'node:path'
import { Stryker } from '@stryker-mutator/core'

const everything = ['src/auth', 'src/http', 'src/repositories', 'plugins']

const given = process.argv.slice(2)
const targets = given.length > 0 ? given : everything
const isFile = (path: string) => statSync(path).isFile()
const mutate = targets.map((path) => (isFile(path) ? path : `${path}/**/*.ts`))

// The tests in the folder of the source, and those of the routes for what every route does.
function testsOf(path: string): string[] {
  const folder = (isFile(path) ? dirname(path) : path).replace(/^src\//, '')
  const near = `test/${folder}/**/*.test.ts`
  return /^(auth|repositories|plugins|http)$/.test(folder) ? [near, 'test/routes/**/*.test.ts'] : [near]
}
process.env.TEST_FILES ??= [...new Set([...targets.flatMap(testsOf), 'test/properties.test.ts'])].join(' ')

// No time limit of tap for the whole process.
process.env.TAP_TIMEOUT = '0'

await new Stryker({
  mutate,
  plugins: [new URL('runner.ts', import.meta.url).pathname, new URL('unnoticeable.ts', import.meta.url).pathname],
  testRunner: 'gatehouse',
  ignorers: ['unnoticeable'],
  // StrykerJS would rewrite tsconfig.json by the API of TypeScript, which TypeScript 7 does not have.
  ignorePatterns: [
    '/tsconfig.json',
    '/web/tsconfig.json',
    '/web',
    '/bench',
    '/docs',
    '/deploy',
    '/packages',
    '/test/clients',
    '/mutants'
  ],
  coverageAnalysis: 'perTest',
  concurrency: Number(process.env.MUTANT_JOBS ?? 2),
  timeoutMS: 30_000,
  timeoutFactor: 0.2,
  dryRunTimeoutMinutes: 15,
  // Replaces a process after many mutants, because one of them may have left something behind.
  maxTestRunnerReuse: 40,
  tempDirName: '.stryker-tmp',
  reporters: process.stdout.isTTY
    ? ['progress', 'clear-text', 'html', 'json']
    : ['progress-append-only', 'clear-text', 'html', 'json'],
  clearTextReporter: { logTests: false, reportTests: false, skipFull: true },
  htmlReporter: { fileName: 'mutants/report.html' },
  jsonReporter: { fileName: 'mutants/report.json' },
  thresholds: { high: 95, low: 90, break: 90 }
}).runMutationTest()
