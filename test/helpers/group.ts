import { hash } from 'node:crypto'
import { globSync } from 'node:fs'
import { registerHooks } from 'node:module'
import { join } from 'node:path'
import root, { type Test } from 'tap'
import { takeFrom } from './queue.ts'
import { matchStrictly } from './strict-match.ts'
import { usesDatabase } from './uses-database.ts'

/** Milliseconds after which a process with finished tests must have ended. */
const patience = 120_000

const repository = join(import.meta.dirname, '../..')

// Each log of a test listens for the exit.
process.setMaxListeners(100)

/** The test of the file being imported. */
let current: Test = root

export const currentTest = () => current

/**
 * Gives each test file of a process its own `t`, a subtest: what the file registers at the top level (tests, teardown,
 * hooks) applies to it only, and finishes before the next file begins.
 */
registerHooks({
  resolve(specifier, context, next) {
    const from = context.parentURL ?? ''
    if (specifier !== 'tap' || !/\.(test|browser)\.ts(\?\d+)?$/.test(from)) return next(specifier, context)
    return {
      url: `${new URL('file-tap.ts', import.meta.url)}?${from}`,
      format: 'module-typescript',
      shortCircuit: true
    }
  }
})

/** The paths of all test files, or of those that match a pattern. */
export const testFiles = (pattern: string | string[] = 'test/**/*.test.ts') =>
  globSync(pattern, { cwd: repository, exclude: ['**/node_modules/**'] }).sort()

/** The files that take longest, in this order, so that none is begun last. */
const longest = [
  'docs',
  'appearance',
  'verification',
  'mails',
  'email-change',
  'scanners',
  'clearing',
  'account-layout'
]

/** Tests in Chromium without a process of their own, or those of them that match a pattern. */
function inChromium(pattern = 'test/browser/*.browser.ts'): string[] {
  const files = testFiles(pattern).filter((file) => !/(better-auth|created-\w+|firefox)\.browser\.ts$/.test(file))
  const first = longest.map((name) => `test/browser/${name}.browser.ts`).filter((file) => files.includes(file))
  return [...first, ...files.filter((file) => !first.includes(file))]
}

/** Milliseconds for each test: a file of many takes longer on a busy machine. */
const timeout = 480_000

let runs = 0

/**
 * Runs a test file in this process, even if it has run before. Returns whether it passed. Once `isOver`, the tests of
 * the file that have not begun fail without running.
 */
export async function runFile(file: string, whole: Test = root, isOver = () => false): Promise<boolean> {
  runs += 1
  const results = await whole.test(file, { timeout: 0 }, async (t) => {
    current = t
    t.beforeEach((each) => {
      each.setTimeout(timeout)
      matchStrictly(each)
      if (isOver()) throw new Error('The result of this file is known.')
    })
    await import(`${join(repository, file)}?${runs}`)
  })
  return results?.ok === true
}

interface Share {
  /** The number of this process, from 1. */
  number: number
  processes: number
  files: string[]
}

/** With TEST_SEED, the files in an order that it decides: a test that depends on the file before it then fails. */
function inOrder(files: string[]): string[] {
  const { TEST_SEED: seed } = process.env
  if (!seed) return files
  const placed = files.map((file) => ({ file, place: hash('sha256', `${seed} ${file}`) }))
  return placed.sort((a, b) => (a.place < b.place ? -1 : 1)).map(({ file }) => file)
}

/** An empty folder of this run of tap, where its processes mark the files that they take. */
const queue = process.env.TEST_QUEUE

/**
 * Runs this process's share of test files: the next one that no other process has taken, until none is left. Without a
 * queue, every n-th.
 */
export async function runShare({ number, processes, files }: Share): Promise<void> {
  root.setTimeout(0)
  const ordered = inOrder(files)
  const share = queue ? takeFrom(queue, ordered) : ordered.filter((_, place) => place % processes === number - 1)
  for (const file of share) await runFile(file)
  root.end()
  setTimeout(() => {
    console.error(`${number} does not end, for it has: ${process.getActiveResourcesInfo().join(', ')}`)
    process.exit(1)
  }, patience).unref()
}

/** In CI, what uses no database does not run again with PostgreSQL. */
const isRepeated = (file: string) =>
  !process.env.CI || !process.env.TEST_DATABASE_URL || usesDatabase(join(repository, file))

/**
 * Runs half of all test files, or of those that TEST_FILES matches. Each half has a file in test/groups: more processes
 * start more engines, and tap runs two at a time.
 */
export const runGroup = (number: number) =>
  runShare({ number, processes: 2, files: testFiles(process.env.TEST_FILES).filter(isRepeated) })

/** Runs a third of the tests in Chromium, or of those that TEST_FILES matches. */
export const runBrowserGroup = (number: number) =>
  runShare({ number, processes: 3, files: inChromium(process.env.TEST_FILES) })
