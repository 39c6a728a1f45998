import { globSync } from 'node:fs'
import { registerHooks } from 'node:module'
import { join } from 'node:path'
import root, { type Test } from 'tap'

/** The number of processes for the tests; each has a file in test/groups. */
const groups = 4

/** Milliseconds after which a process with finished tests must have ended. */
const patience = 5_000

const repository = join(import.meta.dirname, '../..')

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
    if (specifier !== 'tap' || !/\.test\.ts(\?\d+)?$/.test(from)) return next(specifier, context)
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

let runs = 0

/** Runs a test file in this process, even if it has run before. Returns whether it passed. */
export async function runFile(file: string, whole: Test = root): Promise<boolean> {
  runs += 1
  const results = await whole.test(file, { timeout: 240_000 }, async (t) => {
    current = t
    await import(`${join(repository, file)}?${runs}`)
  })
  return results?.ok === true
}

/** Runs every n-th test file in this process, of all or of those that TEST_FILES matches. */
export async function runGroup(number: number): Promise<void> {
  root.setTimeout(0)
  for (const file of testFiles(process.env.TEST_FILES).filter((_, place) => place % groups === number - 1))
    await runFile(file)
  root.end()
  setTimeout(() => {
    console.error(`${number} does not end, for it has: ${process.getActiveResourcesInfo().join(', ')}`)
    process.exit(1)
  }, patience).unref()
}
