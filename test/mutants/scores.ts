import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { MutantResult, schema } from '@stryker-mutator/api/core'
import { declareClassPlugin, PluginKind } from '@stryker-mutator/api/plugin'
import type { Reporter } from '@stryker-mutator/api/report'
import { readEquivalents, type Survivor, unlisted } from './equivalent.ts'
import { folder, hashOf, nameIn, type Result, resultsFile } from './files.ts'

interface Score {
  hash: string
  killed: number
  survivors: Survivor[]
}
type Scores = Record<string, Score>

const scoresFile = join(folder, 'scores.json')

export const readScores = (): Scores =>
  existsSync(scoresFile) ? (JSON.parse(readFileSync(scoresFile, 'utf8')) as Scores) : {}

/** Whether a source file has not changed since its mutants ran. */
export const isCurrent = (source: string, scores: Scores) => scores[source]?.hash === hashOf(source)

/** Percent of the mutants of a file that a test noticed, without those that are listed as equivalent, and the others. */
export function scoreOf({ killed = 0, survivors = [] }: Partial<Score> = {}) {
  const open = unlisted(survivors, readEquivalents())
  const all = killed + open.length
  return { killed, open, equivalent: survivors.length - open.length, score: all > 0 ? (100 * killed) / all : 100 }
}

/** Prints the survivors that are not listed, and the score of each file. */
export function printScores(sources: string[], scores: Scores): void {
  const results = sources.toSorted().map((source) => ({ source, ...scoreOf(scores[source]) }))
  for (const { open } of results) for (const survivor of open) console.log(textOf(survivor))
  console.log('\n score  killed  survived  equivalent  file')
  for (const { source, score, killed, open, equivalent } of results) {
    const figures = [
      (scores[source] ? score.toFixed(1) : '-').padStart(6),
      `${killed}`.padStart(7),
      `${open.length}`.padStart(9),
      `${equivalent}`.padStart(11)
    ]
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

function resultOf(file: string, { mutants, source }: schema.FileResult): Score {
  const lines = source.split('\n')
  const survivors = mutants.filter(isUnnoticed).map((mutant) => survivorOf(file, lines, mutant))
  return {
    hash: hashOf(file),
    killed: mutants.filter(isNoticed).length,
    survivors: survivors.toSorted((a, b) => a.number - b.number)
  }
}

export function survivorOf(
  file: string,
  lines: string[],
  { status, location, replacement = '' }: schema.MutantResult
): Survivor {
  const number = location.start.line
  return {
    file,
    number,
    line: lines[number - 1]?.trim() ?? '',
    from: textAt(lines, location),
    to: short(replacement),
    isReached: status !== 'NoCoverage'
  }
}

/** Where a mutant is, what stands there and what it puts in its place. */
export const textOf = ({ file, number, isReached, from, to }: Survivor) =>
  `${file}:${number}${isReached ? '' : ' (not reached)'}\n    ${from}\n  > ${to}`

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
    for (const [source, result] of Object.entries(files)) scores[source] = resultOf(source, result)
    writeFileSync(scoresFile, JSON.stringify(scores, undefined, 2))
  }
}

export const strykerPlugins = [declareClassPlugin(PluginKind.Reporter, 'scores', ScoresReporter)]
