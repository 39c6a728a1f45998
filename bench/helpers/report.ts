import { writeFileSync } from 'node:fs'
import { charts } from './charts.ts'
import { escaped, pageOf, tableOf } from './page.ts'
import { folder, type Recorded } from './record.ts'

/** Writes a self-contained page of tables and ECharts charts. Returns its path. */
export function writeReport(found: Recorded): string {
  const tables = Object.entries(found.benches).map(
    ([name, { at, load, seconds, figures }]) =>
      `<h2>${escaped(name)}</h2><p><small>${at}, ${seconds} s, load before ${load}</small></p>${tableOf(figures)}`
  )
  const file = `${folder}index.html`
  writeFileSync(
    file,
    pageOf({
      title: 'Gatehouse: what it costs',
      intro: `<p>${escaped(found.machine)}<br>${escaped(found.database)}</p>`,
      charts: charts(found),
      rest: tables.join('\n')
    })
  )
  return file
}
