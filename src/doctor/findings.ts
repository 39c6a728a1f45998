import type { Jws } from '../auth/tokens/jws.ts'
import type { Config } from '../config/config.ts'

/** One thing that was looked at: right, wrong, or not to be known from here. */
export interface Finding {
  ok: boolean | undefined
  text: string
  /** What to do about it. */
  advice?: string
}

/** Why the service refuses a token. */
export interface Explanation {
  /** The rule, as the end of "Refused: ...". */
  broken: string
  /** What to change. */
  change: string
}

/** A token that could be read, the configuration that it meets, and the seconds since 1970. */
export interface Evidence {
  jws: Jws
  config: Config
  now: number
}

/** By the reason in the service's log. */
export type Explainers = Readonly<Record<string, (evidence: Evidence) => Explanation>>

/** Controls, and what turns the direction of writing: what is shown comes from a stranger's token. */
const notForTerminals = /[^\n\P{C}]/gu

/** A line, and below it what to do. */
export function format({ ok, text, advice }: Finding): string {
  const mark = ok === undefined ? '?' : ok ? '✓' : '✗'
  return `${mark} ${text}\n${advice ? `  ${advice}\n` : ''}`.replace(notForTerminals, '?')
}

/** Another's claim in quotation marks, as far as a person will read it. */
export const quote = (value: unknown): string => (value === undefined ? 'none' : JSON.stringify(value).slice(0, 120))

/** Seconds as a person says them. */
export function span(seconds: number): string {
  const sizes = [
    [2 * 86_400, 86_400, 'day'],
    [2 * 3_600, 3_600, 'hour'],
    [120, 60, 'minute']
  ] as const
  const [, size, unit] = sizes.find(([from]) => seconds >= from) ?? [0, 1, 'second']
  const count = Math.round(seconds / size)
  return `${count} ${unit}${count === 1 ? '' : 's'}`
}
