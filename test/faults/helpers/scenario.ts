import type { Ledger } from './ledger.ts'
import type { Sandbox } from './sandbox.ts'
import type { Row } from './table.ts'

export interface Scenario {
  /** Whether it is part of .ci/run. */
  inCi: boolean
  /** Whether it runs alone, because it measures how long others wait. */
  isAlone?: boolean
  /** Injects a fault and returns the results; `say` reports progress. */
  run: (sandbox: Sandbox, say: (progress: string) => void) => Promise<Row[]>
}

/** The row of a load that was compared with the database. A load without successes fails. */
export function judge(fault: string, ledger: Ledger, titles: readonly string[], found: Partial<Row>): Row {
  const { requests, refused, cut, otherErrors } = ledger.counts
  const acknowledged = ledger.acknowledged.size
  const { lost, doubled } = ledger.compare(titles)
  const complaints = [...ledger.complaints, ...(found.complaints ?? [])]
  if (lost > 0) complaints.push(`${lost} acknowledged writes are gone`)
  if (doubled > 0) complaints.push(`${doubled} writes exist twice`)
  if (acknowledged < 20) complaints.push('hardly anything was written')
  const told = [`${refused} refused with 503, ${cut} cut off`, ...(found.told ? [found.told] : [])].join('; ')
  return {
    fault,
    times: 0,
    longestOutage: 0,
    ...found,
    requests,
    acknowledged,
    lost,
    doubled,
    otherErrors,
    complaints,
    told
  }
}

interface Expected extends Partial<Row> {
  /** Whether a 503 with Retry-After is accepted. */
  refusals?: boolean
}

/** The row of a read-only load: every unexpected answer is a complaint. */
export function judgeAnswers(fault: string, ledger: Ledger, { refusals = false, ...found }: Expected): Row {
  const { requests, refused, cut, otherErrors } = ledger.counts
  const complaints = [...ledger.complaints, ...(found.complaints ?? [])]
  if (cut > 0) complaints.push(`${cut} requests were cut off: ${[...ledger.cuts].join(', ')}`)
  if (refused > 0 && !refusals) complaints.push(`${refused} requests were refused`)
  if (ledger.times.length < 20) complaints.push('hardly anything was answered')
  const row = { fault, times: 1, lost: 0, doubled: 0, longestOutage: 0, told: `${refused} refused with 503`, ...found }
  return { ...row, requests, acknowledged: ledger.times.length, otherErrors, complaints }
}

export const allTitles = 'select title from tasks'

/** The largest value, in milliseconds. */
export const longest = (times: readonly number[]) => Math.round(Math.max(0, ...times))
