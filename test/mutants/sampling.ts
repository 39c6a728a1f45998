import type { MutantResult, schema } from '@stryker-mutator/api/core'
import { declareClassPlugin, PluginKind } from '@stryker-mutator/api/plugin'
import type { Reporter } from '@stryker-mutator/api/report'
import {
  type DryRunResult,
  DryRunStatus,
  type MutantRunResult,
  type TestRunner,
  TestStatus
} from '@stryker-mutator/api/test-runner'
import type { Survivor } from './equivalent.ts'
import { nameIn } from './files.ts'
import { readSample, type Sample, scoreText, writeSample } from './sample.ts'
import { isNoticed, isUnnoticed, survivorOf } from './scores.ts'

/** Runs no test, so StrykerJS only lists the mutants that there are. */
class Lister implements TestRunner {
  capabilities() {
    return { reloadEnvironment: true }
  }

  async dryRun(): Promise<DryRunResult> {
    return {
      status: DryRunStatus.Complete,
      tests: [{ id: 'none', name: 'none', timeSpentMs: 0, status: TestStatus.Success }],
      mutantCoverage: { static: {}, perTest: {} }
    }
  }

  async mutantRun(): Promise<MutantRunResult> {
    throw new Error('No mutant is reached by a test')
  }
}

/** Prints each mutant of the sample with the score so far, and leaves the others out of the page. */
class SampleReporter implements Reporter {
  #sample: Sample = readSample()
  #names = new Set(this.#sample.mutants)
  #noticed = 0
  #tried = 0

  onMutantTested(mutant: Readonly<MutantResult>): void {
    if (!this.#names.has(nameIn(mutant.fileName, mutant))) return
    const noticed = isNoticed(mutant)
    if (!noticed && !isUnnoticed(mutant)) return
    this.#tried += 1
    if (noticed) this.#noticed += 1
    const place = `${mutant.fileName.replace(`${process.cwd()}/`, '')}:${mutant.location.start.line}`
    console.log(
      `${this.#tried} of ${this.#names.size}: ${noticed ? 'noticed' : 'NOT NOTICED'} ${place}; ` +
        scoreText(this.#noticed, this.#tried)
    )
  }

  onMutationTestReportReady({ files }: Readonly<schema.MutationTestResult>): void {
    const survivors: Survivor[] = []
    let noticed = 0
    for (const [source, file] of Object.entries(files)) {
      // The same object goes to the reporter that writes the page.
      file.mutants = file.mutants.filter((mutant) => this.#names.has(nameIn(source, mutant)))
      noticed += file.mutants.filter(isNoticed).length
      for (const mutant of file.mutants.filter(isUnnoticed))
        survivors.push(survivorOf(source, file.source.split('\n'), mutant))
    }
    writeSample({ ...this.#sample, noticed, survivors })
  }
}

export const strykerPlugins = [
  declareClassPlugin(PluginKind.TestRunner, 'lister', Lister),
  declareClassPlugin(PluginKind.Reporter, 'sample', SampleReporter)
]
