import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { MutantResult, schema } from '@stryker-mutator/api/core'
import { declareClassPlugin, PluginKind } from '@stryker-mutator/api/plugin'
import type { Reporter } from '@stryker-mutator/api/report'
import { folder, hashOf, nameIn, type Result, resultsFile } from './files.ts'

interface Score {
  hash: string
  killed: number
  survived: number
  /** Percent of the mutants that a test noticed. */
  score: number
  /** What no test noticed, each with its place. */
  survivors: string[]
}
type Scores = Record<string, Score>

const scoresFile = join(folder, 'scores.json')

export const readScores = (): Scores =>
  existsSync(scoresFile) ? (JSON.parse(readFileSync(scoresFile, 'utf8')) as Scores) : {}

/** Whether a source file has not changed since its mutants ran. */
export const isCurrent = (source: string, scores: Scores) => scores[source]?.hash === hashOf(source)

export function printScores(sources: string[], scores: Scores): void {
  for (const source of sources.toSorted()) for (const line of scores[source]?.survivors ?? []) console.log(line)
  console.log('\n score  killed  survived  file')
  for (const source of sources.toSorted()) {
    const { score = 0, killed = 0, survived = 0 } = scores[source] ?? {}
    const figures = [score.toFixed(1).padStart(6), `${killed}`.padStart(7), `${survived}`.padStart(9)]
    const note = isCurrent(source, scores) ? '' : scores[source] ? ' (changed since)' : ' (not run)'
    console.log(`${figures.join(' ')}  ${source}${note}`)
  }
}

const isOneOf = (...statuses: schema.MutantStatus[]) => {
  return ({ status }: { status: schema.MutantStatus }) => statuses.includes(status)
}

export const isNoticed = isOneOf('Killed', 'Timeout')
export const isUnnoticed = isOneOf('Survived', 'NoCoverage')

/** The text of a mutant's place, on one line. */
function textAt(lines: string[], { start, end }: schema.Location): string {
  const part = lines.slice(start.line - 1, end.line)
  part[part.length - 1] = part.at(-1)?.slice(0, end.column - 1) ?? ''
  part[0] = part[0]?.slice(start.column - 1) ?? ''
  return short(part.join(' '))
}

const short = (text: string) => {
  const line = text.replaceAll(/\s+/g, ' ')
  return line.length > 120 ? `${line.slice(0, 120)}...` : line
}

function scoreOf(source: string, { mutants, source: text }: schema.FileResult): Score {
  const killed = mutants.filter(isNoticed).length
  const survivors = mutants.filter(isUnnoticed)
  const survived = survivors.length
  return {
    hash: hashOf(source),
    killed,
    survived,
    score: killed + survived > 0 ? (100 * killed) / (killed + survived) : 100,
    survivors: survivors
      .toSorted((a, b) => a.location.start.line - b.location.start.line)
      .map((mutant) => survivorText(source, text, mutant))
  }
}

/** Where a mutant is, what stands there and what it puts in its place. */
export function survivorText(
  source: string,
  text: string,
  { status, location, replacement = '' }: schema.MutantResult
): string {
  const note = status === 'NoCoverage' ? ' (not reached)' : ''
  const original = textAt(text.split('\n'), location)
  return `${source}:${location.start.line}${note}\n    ${original}\n  > ${short(replacement)}`
}

/** Keeps the score of each file, and the mutants that never end. */
class ScoresReporter implements Reporter {
  onMutantTested({ status, fileName, location, replacement }: Readonly<MutantResult>): void {
    if (status !== 'Timeout') return
    const result: Result = { mutant: nameIn(fileName, { location, replacement }), status: 'timeout', ran: {} }
    appendFileSync(resultsFile, `${JSON.stringify(result)}\n`)
  }

  onMutationTestReportReady({ files }: Readonly<schema.MutationTestResult>): void {
    // A sample of a file is not its score.
    if (process.env.MUTANT_SAMPLE) return
    const scores = readScores()
    for (const [source, result] of Object.entries(files)) scores[source] = scoreOf(source, result)
    writeFileSync(scoresFile, JSON.stringify(scores, undefined, 2))
  }
}

export const strykerPlugins = [declareClassPlugin(PluginKind.Reporter, 'scores', ScoresReporter)]
