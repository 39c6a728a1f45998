/** One line of the table: what was asked for, and what came out. */
export interface Figure {
  figure: string
  target: string
  measured: string
  /** `told` where there is no target. */
  verdict: 'met' | 'NOT met' | 'not run' | 'told'
}

/** Measures, and says on the way how far it is. */
export type Bench = (say: (progress: string) => void) => Promise<Figure[]>

export const figure = (figure: string, target: string, measured: string, met?: boolean): Figure => ({
  figure,
  target,
  measured,
  verdict: met === undefined ? 'told' : met ? 'met' : 'NOT met'
})

/** In the notation of Markdown, so that it can go into docs/performance.md as it is. */
export function table(figures: Figure[]): string {
  const cells = [
    ['figure', 'target', 'measured', 'verdict'],
    ...figures.map(({ figure, target, measured, verdict }) => [figure, target, measured, verdict])
  ]
  const widths = [0, 1, 2, 3].map((column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)))
  const lines = cells.map((row) => `| ${row.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join(' | ')} |`)
  lines.splice(1, 0, `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`)
  return lines.join('\n')
}
