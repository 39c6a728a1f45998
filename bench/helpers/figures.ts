export interface Figure {
  figure: string
  target: string
  measured: string
  verdict: 'met' | 'NOT met' | 'not run' | 'no target'
  /** The yardstick's figure, the ratio, and its spread over all rounds. */
  yardstick?: string
  ratio?: string
  spread?: string
  /** For the charts. */
  data?: unknown
}

/** Measures the wanted parts, and reports progress. */
export type Bench = (say: (progress: string) => void, parts?: string[]) => Promise<Figure[]>

export const figure = (figure: string, target: string, measured: string, met?: boolean): Figure => ({
  figure,
  target,
  measured,
  verdict: met === undefined ? 'no target' : met ? 'met' : 'NOT met'
})

const columns = ['figure', 'measured', 'yardstick', 'ratio', 'spread', 'target', 'verdict'] as const

export const columnsOf = (figures: Figure[]) => columns.filter((column) => figures.some((figure) => figure[column]))

/** Formats figures as Markdown, for docs/performance.md. Empty columns are omitted. */
export function table(figures: Figure[]): string {
  const telling = columnsOf(figures)
  const cells = [telling, ...figures.map((figure) => telling.map((column) => figure[column] ?? ''))]
  const widths = telling.map((_, i) => Math.max(...cells.map((row) => row[i]?.length ?? 0)))
  const lines = cells.map((row) => `| ${row.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join(' | ')} |`)
  lines.splice(1, 0, `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`)
  return lines.join('\n')
}
