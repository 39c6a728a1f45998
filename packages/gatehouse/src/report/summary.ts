import { type Area, areas, type Severity } from '../catalogue.ts'
import type { Result } from '../ledger.ts'
import type { Report } from '../prove.ts'

const order: Severity[] = ['high', 'medium', 'low']

export const findingsOf = ({ results }: Report) =>
  results
    .filter(({ outcome }) => outcome === 'finding')
    .sort((one, other) => order.indexOf(one.severity) - order.indexOf(other.severity))

export function countsOf({ results }: Report) {
  const count = (outcome: Result['outcome']) => results.filter((result) => result.outcome === outcome).length
  return {
    passed: count('passed'),
    findings: count('finding'),
    accepted: count('accepted'),
    skipped: count('skipped'),
    cases: results.reduce((sum, { cases }) => sum + cases, 0)
  }
}

/** The results of each area, in their order. */
export const byArea = ({ results }: Report) =>
  (Object.keys(areas) as Area[])
    .map((area) => ({ area, title: areas[area], results: results.filter((result) => result.area === area) }))
    .filter(({ results }) => results.length > 0)

/** 0: nothing was found; 1: findings; 2: the run did not come to its end. */
export const exitCodeOf = (report: Report) => (countsOf(report).findings > 0 ? 1 : report.incomplete ? 2 : 0)

export const verdictOf = (report: Report) => {
  const { findings } = countsOf(report)
  if (findings > 0) return `${findings} ${findings === 1 ? 'finding' : 'findings'}`
  return report.incomplete ? 'Not complete' : 'Nothing found'
}

/** The evidence of a result, and how much more there was. */
export const evidenceOf = ({ evidence, failed }: Result) =>
  failed > evidence.length ? [...evidence, `and ${failed - evidence.length} more`] : evidence
