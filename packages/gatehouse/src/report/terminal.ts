import { styleText } from 'node:util'
import type { Result } from '../ledger.ts'
import type { Report } from '../prove.ts'
import { byArea, countsOf, evidenceOf, findingsOf, verdictOf } from './summary.ts'

type Style = Parameters<typeof styleText>[0]

/** The report as text, with colors or without. */
export function terminalReport(report: Report, isColored: boolean): string {
  const paint = (style: Style, text: string) => (isColored ? styleText(style, text, { validateStream: false }) : text)
  const marks: Record<Result['outcome'], string> = {
    passed: paint('green', '✓'),
    finding: paint('red', '✗'),
    accepted: paint('yellow', '!'),
    skipped: paint('gray', '-')
  }
  const colors = { high: 'red', medium: 'yellow', low: 'cyan' } as const
  const lines: string[] = []
  for (const { title, results } of byArea(report)) {
    lines.push('', paint('bold', title))
    for (const { id, outcome, title, cases, notes } of results) {
      const amount = outcome === 'skipped' ? 'not tried' : String(cases)
      lines.push(`  ${marks[outcome]} ${title} ${paint('gray', `${id} (${amount})`)}`)
      for (const note of new Set(notes)) lines.push(paint('gray', `      ${note}`))
    }
  }
  for (const finding of findingsOf(report)) {
    const { id, severity, title, reason, references } = finding
    lines.push(
      '',
      `${paint(colors[severity], `${severity}, not met:`)} ${paint('bold', title)} ${paint('gray', id)}`,
      `  ${reason}`
    )
    for (const each of evidenceOf(finding)) lines.push(`    ${each}`)
    lines.push(paint('gray', `  ${references.map(({ name }) => name).join('; ')}`))
  }
  const { passed, accepted, skipped, cases } = countsOf(report)
  const parts = [`${passed} checks passed`, ...(accepted ? [`${accepted} accepted`] : []), `${skipped} not tried`]
  lines.push('', ...report.remarks.map((remark) => paint('yellow', remark)))
  if (report.incomplete) lines.push(paint('yellow', `Not complete: ${report.incomplete}`))
  lines.push(
    `${paint(['bold', verdictOf(report) === 'Nothing found' ? 'green' : 'red'] as Style, verdictOf(report))} at ${report.url}: ${parts.join(', ')}; ${cases} cases, ${report.requests} requests, ${report.duration.toFixed(1)} s`
  )
  return `${lines.join('\n')}\n`
}
