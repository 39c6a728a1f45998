import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { charts } from './charts.ts'
import { columnsOf, type Figure } from './figures.ts'
import { folder, type Recorded } from './record.ts'

const escapes: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }
const escaped = (text: string) => text.replace(/[&<>"]/g, (character) => escapes[character] ?? '')
/** Escaped for use in a script element. */
const json = (value: unknown) => JSON.stringify(value).replaceAll('<', '\\u003c')

function tableOf(figures: Figure[]): string {
  const columns = columnsOf(figures)
  const row = (figure: Figure) =>
    `<tr class="${figure.verdict.replace(' ', '-')}">${columns.map((name) => `<td>${escaped(figure[name] ?? '')}</td>`).join('')}</tr>`
  return `<table><tr>${columns.map((name) => `<th>${name}</th>`).join('')}</tr>${figures.map(row).join('\n')}</table>`
}

const style = `
  body { font: 15px/1.45 system-ui, sans-serif; max-width: 1100px; margin: 2rem auto; padding: 0 1rem; color: #212529; background: #fff }
  table { border-collapse: collapse; width: 100%; font-size: 13px } th, td { text-align: left; padding: .25rem .6rem; border-bottom: 1px solid #dee2e6; vertical-align: top }
  .met td:last-child { color: #2b8a3e } .NOT-met td:last-child { color: #d9480f; font-weight: bold } .no-target td:last-child, small { color: #868e96 }`

/** Writes a self-contained page of tables and ECharts charts. Returns its path. */
export function writeReport(found: Recorded): string {
  const library = readFileSync(fileURLToPath(import.meta.resolve('echarts/dist/echarts.min.js')), 'utf8')
  const drawn = charts(found)
  const places = drawn.map(
    ({ title, height }, i) => `<h2>${escaped(title)}</h2><div id="c${i}" style="height:${height}px"></div>`
  )
  const tables = Object.entries(found.benches).map(
    ([name, { at, load, seconds, figures }]) =>
      `<h2>${escaped(name)}</h2><p><small>${at}, ${seconds} s, load before ${load}</small></p>${tableOf(figures)}`
  )
  const file = `${folder}index.html`
  writeFileSync(
    file,
    `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Gatehouse: what it costs</title><style>${style}</style>
<h1>Gatehouse: what it costs</h1><p>${escaped(found.machine)}<br>${escaped(found.database)}</p>
${places.join('\n')}
${tables.join('\n')}
<script>${library.replaceAll('</script', '<\\/script')}</script>
<script>
${json(drawn.map(({ option }) => option))}.forEach((option, i) => {
  const chart = echarts.init(document.getElementById('c' + i))
  chart.setOption(option)
  addEventListener('resize', () => chart.resize())
})
</script></html>
`
  )
  return file
}
