/** One line of the table: what was asked for, and what came out. */
export interface Figure {
  figure: string
  target: string
  measured: string
  /** `told` where there is no target. */
  verdict: 'met' | 'NOT met' | 'not run' | 'told'
  /** What was measured beside it, where something was; how many times that it is; from the least to the most of all rounds. */
  yardstick?: string
  ratio?: string
  spread?: string
  /** For the charts. */
  data?: unknown
}

/** Measures, and says on the way how far it is; of its parts, only those that are wanted. */
export type Bench = (say: (progress: string) => void, parts?: string[]) => Promise<Figure[]>

export const figure = (figure: string, target: string, measured: string, met?: boolean): Figure => ({
  figure,
  target,
  measured,
  verdict: met === undefined ? 'told' : met ? 'met' : 'NOT met'
})

const columns = ['figure', 'measured', 'yardstick', 'ratio', 'spread', 'target', 'verdict'] as const

/** Columns in which some figure has something. */
export const columnsOf = (figures: Figure[]) => columns.filter((column) => figures.some((figure) => figure[column]))

/** In the notation of Markdown, so that it can go into docs/performance.md as it is; columns that say nothing are left out. */
export function table(figures: Figure[]): string {
  const telling = columnsOf(figures)
  const cells = [telling, ...figures.map((figure) => telling.map((column) => figure[column] ?? ''))]
  const widths = telling.map((_, i) => Math.max(...cells.map((row) => row[i]?.length ?? 0)))
  const lines = cells.map((row) => `| ${row.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join(' | ')} |`)
  lines.splice(1, 0, `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`)
  return lines.join('\n')
}
