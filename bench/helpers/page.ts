import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { columnsOf, type Figure } from './figures.ts'
import type { Chart } from './size-charts.ts'

const escapes: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }
export const escaped = (text: string) => text.replace(/[&<>"]/g, (character) => escapes[character] ?? '')
/** Escaped for use in a script element. */
const json = (value: unknown) => JSON.stringify(value).replaceAll('<', '\\u003c')

export function tableOf(figures: Figure[]): string {
  const columns = columnsOf(figures)
  const row = (figure: Figure) =>
    `<tr class="${figure.verdict.replace(' ', '-')}">${columns.map((name) => `<td>${escaped(figure[name] ?? '')}</td>`).join('')}</tr>`
  return `<table><tr>${columns.map((name) => `<th>${name}</th>`).join('')}</tr>${figures.map(row).join('\n')}</table>`
}

const style = `
  body { font: 15px/1.45 system-ui, sans-serif; max-width: 1100px; margin: 2rem auto; padding: 0 1rem; color: #212529; background: #fff }
  table { border-collapse: collapse; width: 100%; font-size: 13px } th, td { text-align: left; padding: .25rem .6rem; border-bottom: 1px solid #dee2e6; vertical-align: top }
  .met td:last-child { color: #2b8a3e } .NOT-met td:last-child { color: #d9480f; font-weight: bold } .no-target td:last-child, small { color: #868e96 }`

interface Page {
  title: string
  /** HTML below the title, and below the charts. */
  intro: string
  charts: Chart[]
  rest: string
}

/** A page of charts and tables that loads nothing: its policy forbids it. */
export function pageOf({ title, intro, charts, rest }: Page): string {
  const library = readFileSync(fileURLToPath(import.meta.resolve('echarts/dist/echarts.min.js')), 'utf8')
  const places = charts.map(
    ({ title, height }, i) => `<h2>${escaped(title)}</h2><div id="c${i}" style="height:${height}px"></div>`
  )
  return `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:">
<title>${escaped(title)}</title><style>${style}</style>
<h1>${escaped(title)}</h1>${intro}
${places.join('\n')}
${rest}
<script>${library.replaceAll('</script', '<\\/script')}</script>
<script>
${json(charts.map(({ option }) => option))}.forEach((option, i) => {
  const chart = echarts.init(document.getElementById('c' + i))
  chart.setOption(option)
  addEventListener('resize', () => chart.resize())
})
</script></html>
`
}
