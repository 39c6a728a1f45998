/** The result of one fault. */
export interface Row {
  fault: string
  times: number
  requests: number
  acknowledged: number
  lost: number
  doubled: number
  /** 5xx other than 503. */
  otherErrors: number
  /** Milliseconds. */
  longestOutage: number
  /** Unexpected results; empty: passed. */
  complaints: string[]
  /** Further figures. */
  told: string
}

const columns = [
  'fault',
  'times',
  'requests',
  'acknowledged',
  'lost',
  'doubled',
  'other 5xx',
  'longest outage',
  'verdict'
]

/** Formats rows as Markdown. */
export function table(rows: readonly Row[]): string {
  const cells = [
    columns,
    ...rows.map((row) => [
      row.fault,
      ...[row.times, row.requests, row.acknowledged, row.lost, row.doubled, row.otherErrors].map(String),
      `${Math.round(row.longestOutage)} ms`,
      row.complaints.length > 0 ? 'FAILED' : 'passed'
    ])
  ]
  const widths = columns.map((_, column) => Math.max(...cells.map((line) => line[column]?.length ?? 0)))
  const lines = cells.map((line) => `| ${line.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join(' | ')} |`)
  lines.splice(1, 0, `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`)
  return lines.join('\n')
}
