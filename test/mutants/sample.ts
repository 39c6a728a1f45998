import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Survivor } from './equivalent.ts'
import { folder } from './files.ts'

/** What a run with `--sample` tries, and what came of it. */
export interface Sample {
  seed: string
  /** How many mutants there are to draw from. */
  of: number
  /** The names of those drawn. See `nameOf`. */
  mutants: string[]
  noticed?: number
  survivors?: Survivor[]
}

const sampleFile = join(folder, 'sample.json')

export const readSample = (): Sample => JSON.parse(readFileSync(sampleFile, 'utf8')) as Sample

export const writeSample = (sample: Sample) => writeFileSync(sampleFile, JSON.stringify(sample, undefined, 2))

/**
 * Draws from a list without replacement, each item with the same probability: those with the least hash of the seed and
 * their name. A larger sample with the same seed begins with the smaller one, and the order of the list does not count.
 */
export function draw(names: string[], size: number, seed: string): string[] {
  const rank = (name: string) => createHash('sha256').update(`${seed} ${name}`).digest('hex')
  const ranked = [...new Set(names)].map((name) => ({ name, rank: rank(name) }))
  return ranked
    .sort((a, b) => (a.rank < b.rank ? -1 : 1))
    .slice(0, size)
    .map(({ name }) => name)
}

/** The normal distribution has 95 % of its values within this many standard deviations of its mean. */
const z = 1.959964

/**
 * The 95 % interval of a proportion, from 0 to 1, after a sample: the score interval of E. B. Wilson, Probable inference,
 * the law of succession, and statistical inference, Journal of the American Statistical Association 22 (1927), 209-212.
 */
export function interval(successes: number, size: number): [number, number] {
  if (size === 0) return [0, 1]
  const share = successes / size
  const middle = share + z ** 2 / (2 * size)
  const spread = z * Math.sqrt((share * (1 - share)) / size + z ** 2 / (4 * size ** 2))
  const scale = 1 + z ** 2 / size
  return [Math.max(0, (middle - spread) / scale), Math.min(1, (middle + spread) / scale)]
}

const percent = (share: number) => (100 * share).toFixed(1)

/** The score of a sample in words: `90.0 % (135 of 150), 95 % interval 84.2 to 93.8 %`. */
export function scoreText(noticed: number, size: number): string {
  const [from, to] = interval(noticed, size)
  const score = size === 0 ? '-' : percent(noticed / size)
  return `${score} % (${noticed} of ${size}), 95 % interval ${percent(from)} to ${percent(to)} %`
}
