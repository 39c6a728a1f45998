import type { Latency } from './clients.ts'
import type { Recorded } from './record.ts'
import { type Chart, font, memory, scale } from './size-charts.ts'

interface Cost {
  row: string
  ratio: number
}
interface Step {
  connections: number
  rate: number
  latencies: Record<string, Latency>
}
const target = '#2f9e44'
const missed = '#e8590c'
const others = '#868e96'
const palette =
  '#1971c2 #e8590c #2f9e44 #9c36b5 #e03131 #0c8599 #f08c00 #5f3dc4 #66a80f #c2255c #343a40 #74c0fc #ffa8a8 #8ce99a #e599f7 #ffd43b #868e96'

/** The cost of a request in multiples of its yardstick, with targets; other products in grey. */
export function costs({ benches }: Recorded): Chart | undefined {
  const rows = (benches.cost?.figures ?? []).flatMap((figure) => {
    const { ratio } = (figure.data ?? {}) as Partial<Cost>
    const most = Number(/[\d.]+/.exec(figure.target)?.[0] ?? Number.NaN)
    return ratio === undefined ? [] : [{ name: figure.figure, ratio, most }]
  })
  if (rows.length === 0) return undefined
  const color = (ratio: number, most: number) => (Number.isNaN(most) ? others : ratio <= most ? target : missed)
  return {
    title: 'CPU of the server for a request, in times of bare Fastify with the same answer',
    height: 60 + rows.length * 34,
    option: {
      textStyle: font,
      grid: { left: 330, right: 90, top: 10, bottom: 40 },
      xAxis: { type: 'log', min: 0.5, name: 'times', nameLocation: 'middle', nameGap: 25 },
      yAxis: {
        type: 'category',
        inverse: true,
        data: rows.map(({ name }) => name),
        axisLabel: { width: 320, overflow: 'break' }
      },
      series: [
        {
          type: 'bar',
          name: 'measured',
          data: rows.map(({ ratio, most }) => ({
            value: Number(ratio.toFixed(2)),
            itemStyle: { color: color(ratio, most) },
            label: {
              show: true,
              position: 'right' as const,
              formatter: `${ratio.toFixed(2)} x${Number.isNaN(most) ? '' : ` (at most ${most})`}`
            }
          }))
        }
      ]
    }
  }
}

/** Percentiles of each operation under growing load. */
function latencies({ benches }: Recorded, which: 'p50' | 'p99'): Chart | undefined {
  const { steps = [] } = (benches.load?.figures.find(({ data }) => data)?.data ?? {}) as { steps?: Step[] }
  const [first] = steps
  if (!first) return undefined
  return {
    title: `Milliseconds to the answer while the load grows: ${which === 'p50' ? 'median' : '99th percentile'}`,
    height: 480,
    option: {
      textStyle: font,
      color: palette.split(' '),
      tooltip: { trigger: 'axis' },
      legend: { type: 'scroll', bottom: 0 },
      grid: { left: 60, right: 40, top: 35, bottom: 90 },
      xAxis: {
        type: 'category',
        name: 'connections of each operation (answers a second, all together)',
        nameLocation: 'middle',
        nameGap: 30,
        data: steps.map(({ connections, rate }) => `${connections} (${rate.toFixed(0)}/s)`)
      },
      yAxis: { type: 'log', name: 'ms' },
      series: Object.keys(first.latencies).map((name, i) => ({
        type: 'line' as const,
        name,
        data: steps.map(({ latencies }) => Number(latencies[name]?.[which]?.toFixed(2)) || null),
        ...(i === 0 && { markLine: { silent: true, symbol: 'none', data: [{ yAxis: 500, name: '500 ms' }] } })
      }))
    }
  }
}

/** Returns every chart for which data was recorded. */
export const charts = (recorded: Recorded): Chart[] =>
  [costs(recorded), latencies(recorded, 'p50'), latencies(recorded, 'p99'), scale(recorded), memory(recorded)].flatMap(
    (chart) => chart ?? []
  )
