import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'

/** A mutant that no test can notice, because it changes nothing that can be seen. */
export interface Equivalent {
  file: string
  /** The source line on which it begins, without the spaces around it. */
  line: string
  /** What stands there, as a run prints it. */
  from: string
  /** What it puts in its place, as a run prints it: one text or several. */
  to: string | string[]
  /** Why nothing changes, in a sentence. */
  why: string
}

/** A mutant that no test noticed. */
export interface Survivor {
  file: string
  /** From 1. */
  number: number
  /** The source line on which it begins, without the spaces around it. */
  line: string
  /** On one line, and cut when long. */
  from: string
  to: string
  /** Whether a test reaches it. */
  isReached: boolean
}

/** All that are listed. */
export const readEquivalents = (): Equivalent[] =>
  globSync(join(import.meta.dirname, 'equivalent/*.yaml')).flatMap(
    (file) => (parse(readFileSync(file, 'utf8')) as Equivalent[] | null) ?? []
  )

/** Returns the survivors that are not listed. */
export function unlisted(survivors: Survivor[], listed: Equivalent[]): Survivor[] {
  const isListed = ({ file, line, from, to }: Survivor) =>
    listed.some(
      (entry) => entry.file === file && entry.line === line && entry.from === from && [entry.to].flat().includes(to)
    )
  return survivors.filter((survivor) => !isListed(survivor))
}
