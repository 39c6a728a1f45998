import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const repository = join(import.meta.dirname, '../..')

/** What earlier runs have found out. Runners work in a copy of the repository, but results are kept in the repository. */
export const folder = process.env.MUTANTS_DIR ?? join(repository, 'mutants')
mkdirSync(folder, { recursive: true })

/** Which functions each test file calls. */
export const callsFile = join(folder, 'calls.jsonl')

/** The result of each mutant. */
export const resultsFile = join(folder, 'results.jsonl')

/** The test files that pass more than once in a process. */
export const repeatableFile = join(folder, 'repeatable.jsonl')

/** The test files that the current run could not use. */
export const unusedFile = join(folder, 'unused.txt')

export interface Calls {
  test: string
  hash: string
  /** Milliseconds of one run. */
  ms: number
  isOk: boolean
  /** The functions of each source file, by the place where they begin. */
  sources: Record<string, number[]>
}

export interface Result {
  /** See `nameOf`. */
  mutant: string
  status: 'killed' | 'survived' | 'timeout'
  /** The tests that ran, with their hashes. The last one noticed a killed mutant. */
  ran: Record<string, string>
}

/** A short hash of a file's text. */
export const hashOf = (path: string, root = repository) =>
  createHash('sha256')
    .update(readFileSync(join(root, path)))
    .digest('hex')
    .slice(0, 12)

/** The lines of a file that runs append to, without a line that was cut off. */
export function readLines<Line>(path: string): Line[] {
  if (!existsSync(path)) return []
  return readFileSync(path, 'utf8')
    .split('\n')
    .flatMap((line) => {
      try {
        return [JSON.parse(line) as Line]
      } catch {
        return []
      }
    })
}

/** What is known of the calls of each test file that is as it was then. */
export function knownCalls(): Map<string, Calls> {
  const known = new Map<string, Calls>()
  for (const line of readLines<Calls>(callsFile))
    if (existsSync(join(repository, line.test)) && hashOf(line.test) === line.hash) known.set(line.test, line)
  return known
}

interface Position {
  line: number
  column: number
}
interface Place {
  start: Position
  end: Position
}

/** The name of a mutant in all runs: its source file with a hash, its place, counted from 0, and what stands there. */
export function nameOf(source: string, { start, end }: Place, replacement = ''): string {
  return `${source}@${hashOf(source)}:${start.line}:${start.column}-${end.line}:${end.column}=>${replacement}`
}

/** The name of a mutant in a report of StrykerJS, which counts lines and columns from 1. */
export function nameIn(path: string, { location, replacement }: { location: Place; replacement?: string }): string {
  const fromZero = ({ line, column }: Position) => ({ line: line - 1, column: column - 1 })
  const place = { start: fromZero(location.start), end: fromZero(location.end) }
  return nameOf(path.replace(`${process.cwd()}/`, ''), place, replacement)
}

/** The likely number of kills per second of a test, by its name: those named after the source come first. */
export function promise(test: string, source: string, ms: number, kills = 0): number {
  const [, parent = '', name = ''] = /^(.*)\/([^/]+)\.\w+$/.exec(source.replace(/^src\//, '')) ?? []
  const isNear = test.startsWith(`test/${parent}/`)
  const isNamed = test.startsWith(`test/${parent}/${name}`) || test.startsWith(`test/routes/${name}`)
  return (kills + (isNamed ? 3 : isNear ? 1 : 0.3)) / (ms + 50)
}
