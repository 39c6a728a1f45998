import * as echarts from 'echarts'
import type { Sample } from './slope.ts'

/** Memory and descriptors over time, as SVG. The slope counts from `warm` seconds on. */
export function draw(samples: readonly Sample[], title: string, warm: number): string {
  const chart = echarts.init(null, null, { renderer: 'svg', ssr: true, width: 900, height: 420 })
  const line = (name: string, of: (sample: Sample) => number, yAxisIndex = 0) => ({
    name,
    type: 'line' as const,
    showSymbol: false,
    yAxisIndex,
    lineStyle: { width: 1.5 },
    data: samples.map((sample) => [sample.seconds / 60, Number(of(sample).toFixed(2))])
  })
  const rss = line('resident memory, MB', ({ rss }) => rss)
  chart.setOption({
    animation: false,
    backgroundColor: '#fff',
    title: { text: title, left: 'center', textStyle: { fontSize: 14 } },
    legend: { top: 28, itemGap: 24 },
    grid: { left: 60, right: 60, top: 70, bottom: 45 },
    xAxis: { type: 'value', name: 'minutes', nameLocation: 'middle', nameGap: 28 },
    yAxis: [
      { type: 'value', name: 'MB', min: 0 },
      { type: 'value', name: 'count', min: 0, splitLine: { show: false } }
    ],
    series: [
      {
        ...rss,
        markArea: {
          silent: true,
          itemStyle: { color: 'rgba(128,128,128,0.12)' },
          data: [[{ name: 'warm-up', xAxis: 0 }, { xAxis: warm / 60 }]]
        }
      },
      line('heap in use, MB', ({ heap }) => heap),
      line('file descriptors', ({ descriptors }) => descriptors, 1),
      line('database connections', ({ pool }) => pool, 1)
    ]
  })
  const svg = chart.renderToSVGString()
  chart.dispose()
  return svg
}
