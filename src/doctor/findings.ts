import type { Jws } from '../auth/tokens/jws.ts'
import type { Config } from '../config/config.ts'

/** The result of one check: true, false, or undefined if it cannot be determined here. */
export interface Finding {
  ok: boolean | undefined
  text: string
  advice?: string
}

/** Why the service refuses a token, and what to do. */
export interface Explanation {
  /** The rule, as the end of "Refused: ...". */
  broken: string
  change: string
}

/** A parsed token, the configuration, and the current time in seconds since 1970. */
export interface Evidence {
  jws: Jws
  config: Config
  now: number
}

/** Explanations by the reason in the service's log. */
export type Explainers = Readonly<Record<string, (evidence: Evidence) => Explanation>>

/** Control and bidirectional characters, because the output may contain an attacker's token. */
const notForTerminals = /[^\n\P{C}]/gu

export function format({ ok, text, advice }: Finding): string {
  const mark = ok === undefined ? '?' : ok ? '✓' : '✗'
  return `${mark} ${text}\n${advice ? `  ${advice}\n` : ''}`.replace(notForTerminals, '?')
}

/** Quotes an untrusted claim, shortened. */
export const quote = (value: unknown): string => (value === undefined ? 'none' : JSON.stringify(value).slice(0, 120))

/** Formats seconds for people. */
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
