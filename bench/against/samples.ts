import type { Answer } from '../helpers/http.ts'
import { quantile } from '../helpers/statistics.ts'
import { isLimit } from './patience.ts'

export interface Spread {
  count: number
  p50: number
  p90: number
  p99: number
  max: number
}

/** Percentiles in milliseconds; null without values. */
export function spreadOf(times: readonly number[]): Spread | null {
  if (times.length === 0) return null
  const sorted = times.toSorted((a, b) => a - b)
  const at = (share: number) => quantile(sorted, share)
  return { count: sorted.length, p50: at(0.5), p90: at(0.9), p99: at(0.99), max: at(1) }
}

export interface Measured {
  /** Of answers that are neither an error nor a limit. */
  times: Spread | null
  /** Number of answers by status, or by the kind of failure. */
  statuses: Record<string, number>
  /** Answers that are an error, and requests without an answer. */
  failed: number
  /** 429, and 503 with Retry-After. */
  limited: number
}

/** Collects what the requests of a step took, by operation. */
export function createSamples() {
  const all = new Map<string, { times: number[]; statuses: Record<string, number>; failed: number; limited: number }>()
  const of = (name: string) => {
    const known = all.get(name) ?? { times: [], statuses: {}, failed: 0, limited: 0 }
    all.set(name, known)
    return known
  }
  const total = (key: 'failed' | 'limited') => [...all.values()].reduce((sum, one) => sum + one[key], 0)
  return {
    add(name: string, answer: Answer, milliseconds: number): void {
      const sample = of(name)
      sample.statuses[answer.status] = (sample.statuses[answer.status] ?? 0) + 1
      if (isLimit(answer)) sample.limited += 1
      else if ((answer.status >= 200 && answer.status < 300) || answer.status === 304) sample.times.push(milliseconds)
      else sample.failed += 1
    },
    /** A request without an answer. */
    fail(name: string, kind: string): void {
      const sample = of(name)
      sample.statuses[kind] = (sample.statuses[kind] ?? 0) + 1
      sample.failed += 1
    },
    failed: () => total('failed'),
    limited: () => total('limited'),
    measured: (): Record<string, Measured> =>
      Object.fromEntries([...all].map(([name, { times, ...rest }]) => [name, { times: spreadOf(times), ...rest }])),
    /** Of all operations together. */
    whole: () => spreadOf([...all.values()].flatMap(({ times }) => times))
  }
}

export type Samples = ReturnType<typeof createSamples>
