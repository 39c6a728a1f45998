import { appendFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { INSTRUMENTER_CONSTANTS, type MutantCoverage } from '@stryker-mutator/api/core'
import { declareClassPlugin, PluginKind } from '@stryker-mutator/api/plugin'
import {
  type DryRunOptions,
  type DryRunResult,
  DryRunStatus,
  determineHitLimitReached,
  type MutantRunOptions,
  type MutantRunResult,
  MutantRunStatus,
  type TestResult,
  type TestRunner,
  TestStatus,
  toMutantRunResult
} from '@stryker-mutator/api/test-runner'
import type { Test } from 'tap'
import { hashOf, nameOf, promise, type Result, readLines, repeatableFile, resultsFile, unusedFile } from './files.ts'
import { readSample } from './sample.ts'

/** Shared by the instrumented code and its runner, as StrykerJS defines it. */
interface Namespace {
  activeMutant?: string | undefined
  currentTestId?: string | undefined
  hitCount?: number | undefined
  hitLimit?: number | undefined
  mutantCoverage?: MutantCoverage
}
const namespace: Namespace = {}
Object.assign(globalThis, { [INSTRUMENTER_CONSTANTS.NAMESPACE]: namespace })

// tap sends objects to its parent process, but StrykerJS expects text.
const { send } = process
if (send)
  process.send = (message: unknown, ...more: never[]) =>
    typeof message !== 'string' || (send as (...all: unknown[]) => boolean).call(process, message, ...more)

const sample = process.env.MUTANT_SAMPLE ? new Set(readSample().mutants) : undefined

// Milliseconds of test files per mutant. A mutant that they do not kill counts as survived: the score is a lower bound.
const budget = Number(process.env.MUTANT_BUDGET ?? 20_000)

// Milliseconds for the rest of a test file after a failure.
const moment = 500

// The same for a test file that then runs again.
const patience = 20_000

const untilEnd = { bail: false, timeout: 240_000, moment }

const versionOf = (file: string) => `${file}@${hashOf(file)}`

// Milliseconds per test file when warm, for all processes of a run.
const timesFile = 'test-times.json'

// What is known from earlier runs, by mutant.
const known = new Map<string, Result>()
// How often each test file has noticed a mutant of each source file, by both.
const kills = new Map<string, number>()
const pair = (test: string, mutant: string) => `${test} ${mutant.split('@')[0]}`

function learn(result: Result): void {
  known.set(result.mutant, result)
  const last = Object.keys(result.ran).at(-1)
  if (result.status !== 'killed' || !last) return
  const key = pair(last, result.mutant)
  kills.set(key, (kills.get(key) ?? 0) + 1)
}
for (const result of readLines<Result>(resultsFile)) learn(result)

function keep(result: Result): void {
  learn(result)
  appendFileSync(resultsFile, `${JSON.stringify(result)}\n`)
}

type Group = typeof import('../helpers/group.ts')

/** Runs test files for StrykerJS in one process that keeps its embedded engine, as test/groups do. A test is a file. */
class Runner implements TestRunner {
  #group: Group | undefined
  #whole: Test | undefined
  #root: Test | undefined
  // Something that a mutant started still runs, so this process can run no other mutant.
  #isStuck = false
  #sources: string[] = []
  #repeatable = new Set(readLines<string>(repeatableFile))
  // Files that pass only once in this process.
  #once = new Set<string>()

  capabilities() {
    return { reloadEnvironment: false }
  }

  // Without the code for a static mutant, which acts while a test file loads the code.
  async #load(withCode: boolean): Promise<Group> {
    if (!this.#group) {
      const { default: root } = await import('tap')
      this.#root = root
      this.#whole = await new Promise((resolve) => {
        // This test never ends, because tap ends when it has nothing to do.
        root.test('mutants', { timeout: 0 }, (t) => {
          resolve(t)
          return new Promise(() => {})
        })
      })
      this.#group = (await import(join(process.cwd(), 'test/helpers/group.ts'))) as Group
      if (withCode) await import(join(process.cwd(), 'src/app.ts'))
      if (withCode) for (const source of this.#sources) await import(join(process.cwd(), source))
    }
    return this.#group
  }

  async #run(
    group: Group,
    file: string,
    { bail, timeout, moment }: { bail: boolean; timeout: number; moment: number }
  ): Promise<TestResult> {
    const start = performance.now()
    const { promise: given, resolve: give } = Promise.withResolvers<false>()
    const onOutput = (output: unknown) => {
      if (bail && /^ *not ok /m.test(String(output))) give(false)
    }
    const onCrash = () => give(false)
    const timer = setTimeout(onCrash, timeout)
    this.#root?.on('data', onOutput)
    // Without a listener, an error in a callback of a socket or a timer would end the process.
    process.on('uncaughtException', onCrash)
    let isOver = false
    const whole = group.runFile(file, this.#whole, () => isOver)
    const ok = await Promise.race([whole, given])
    isOver = true
    clearTimeout(timer)
    this.#root?.off('data', onOutput)
    const hasEnded = await Promise.race([whole.then(() => true), sleep(moment, false)])
    process.off('uncaughtException', onCrash)
    this.#isStuck ||= !hasEnded
    const generic = { id: file, name: file, fileName: file, timeSpentMs: Math.round(performance.now() - start) }
    return ok
      ? { ...generic, status: TestStatus.Success }
      : { ...generic, status: TestStatus.Failed, failureMessage: `${file} fails` }
  }

  /** Whether a file that has failed with a mutant passes without it: some files pass only once in a process. */
  async #passesAgain(group: Group, file: string): Promise<boolean> {
    if (this.#repeatable.has(versionOf(file))) return true
    const { status } = await this.#run(group, file, untilEnd)
    if (status === TestStatus.Success) {
      this.#repeatable.add(versionOf(file))
      appendFileSync(repeatableFile, `${JSON.stringify(versionOf(file))}\n`)
      return true
    }
    this.#once.add(file)
    appendFileSync(unusedFile, `Not used: ${file} passes only once in a process\n`)
    return false
  }

  async dryRun({ files = [] }: DryRunOptions): Promise<DryRunResult> {
    this.#sources = files.map((file) => file.replace(`${process.cwd()}/`, ''))
    const group = await this.#load(true)
    const tests: TestResult[] = []
    for (const file of group.testFiles(process.env.TEST_FILES?.split(' '))) {
      namespace.currentTestId = file
      const result = await this.#run(group, file, untilEnd)
      namespace.currentTestId = undefined
      if (result.status === TestStatus.Success) tests.push(result)
      else appendFileSync(unusedFile, `Not used: ${file} fails\n`)
    }
    const times = Object.fromEntries(tests.map(({ id, timeSpentMs }) => [id, timeSpentMs]))
    writeFileSync(timesFile, JSON.stringify(times))
    const mutantCoverage = namespace.mutantCoverage
    return { status: DryRunStatus.Complete, tests, ...(mutantCoverage && { mutantCoverage }) }
  }

  async mutantRun({
    activeMutant,
    testFilter,
    hitLimit,
    mutantActivation
  }: MutantRunOptions): Promise<MutantRunResult> {
    const source = activeMutant.fileName.replace(`${process.cwd()}/`, '').replace(/^.*?(?=(src|plugins)\/)/, '')
    const mutant = nameOf(source, activeMutant.location, activeMutant.replacement)
    // StrykerJS also makes the mutants within the place of one that was drawn.
    if (sample?.has(mutant) === false) return { status: MutantRunStatus.Error, errorMessage: 'Not in the sample' }
    const before = known.get(mutant)
    const times: Record<string, number> = JSON.parse(readFileSync(timesFile, 'utf8'))
    const hash = (file: string) => hashOf(file, process.cwd())
    const isAsBefore = (file: string) => file in times && before?.ran[file] === hash(file)
    if (before?.status === 'timeout') return { status: MutantRunStatus.Timeout }
    const last = Object.keys(before?.ran ?? {}).at(-1)
    if (before?.status === 'killed' && last && isAsBefore(last))
      return { status: MutantRunStatus.Killed, killedBy: [last], failureMessage: `${last} fails`, nrOfTests: 1 }

    const promiseOf = (file: string) => promise(file, source, times[file] ?? 0, kills.get(pair(file, mutant)))
    const order = (testFilter ?? Object.keys(times))
      .filter((file) => file in times && !this.#once.has(file) && !(before?.status === 'survived' && isAsBefore(file)))
      .sort((a, b) => promiseOf(b) - promiseOf(a))
    const ran = before?.status === 'survived' ? before.ran : {}
    if (order.length === 0) return { status: MutantRunStatus.Survived, nrOfTests: Object.keys(ran).length }

    // StrykerJS runs this mutant again in another process.
    if (this.#isStuck) process.exit(1)
    const activate = () => {
      namespace.activeMutant = activeMutant.id
      namespace.hitCount = hitLimit === undefined ? undefined : 0
      namespace.hitLimit = hitLimit
    }
    if (mutantActivation === 'static') activate()
    const group = await this.#load(mutantActivation !== 'static')
    activate()
    const tests: TestResult[] = []
    let spent = 0
    for (const file of order) {
      if (spent > budget) break
      spent += times[file] ?? 0
      // A static mutant has a process to itself, in which no file has run before.
      const isSure = mutantActivation === 'static' || this.#repeatable.has(versionOf(file))
      const timeout = budget + 4 * (times[file] ?? 0)
      const result = await this.#run(group, file, { bail: true, timeout, moment: isSure ? moment : patience })
      const limit = determineHitLimitReached(namespace.hitCount, hitLimit)
      if (limit) return toMutantRunResult(limit)
      if (result.status === TestStatus.Failed && !isSure) {
        namespace.activeMutant = undefined
        const passes = await this.#passesAgain(group, file)
        activate()
        if (!passes) continue
      }
      tests.push(result)
      delete ran[file]
      ran[file] = hash(file)
      if (result.status === TestStatus.Failed) break
    }
    namespace.activeMutant = undefined
    keep({ mutant, status: tests.at(-1)?.status === TestStatus.Failed ? 'killed' : 'survived', ran })
    return toMutantRunResult({ status: DryRunStatus.Complete, tests })
  }
}

export const strykerPlugins = [declareClassPlugin(PluginKind.TestRunner, 'gatehouse', Runner)]
