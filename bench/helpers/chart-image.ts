import { mkdirSync, writeFileSync } from 'node:fs'
import { init } from 'echarts'
import { costs } from './charts.ts'
import { recorded } from './record.ts'

/** Draws the README's chart from the last recorded run: `npm run bench:chart`. */
const found = recorded()
const chart = costs(found)
if (!chart) throw new Error('No costs are recorded yet: run npm run bench -- cost first')
const [, day = ''] = /^(\d+-\d+-\d+)/.exec(found.benches.cost?.at ?? '') ?? []
const image = init(null, null, { renderer: 'svg', ssr: true, width: 960, height: chart.height + 50 })
image.setOption({
  ...chart.option,
  animation: false,
  backgroundColor: '#fff',
  grid: { left: 370, right: 110, top: 50, bottom: 40 },
  title: { text: chart.title, subtext: `${found.machine}; ${day}`, left: 10, textStyle: { fontSize: 15 }, itemGap: 2 }
})
const folder = new URL('../../docs/images/', import.meta.url)
mkdirSync(folder, { recursive: true })
writeFileSync(new URL('bench.svg', folder), `${image.renderToSVGString()}\n`)
image.dispose()
