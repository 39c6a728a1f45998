import type { Chart } from '../helpers/size-charts.ts'
import { font } from '../helpers/size-charts.ts'
import type { Findings } from './judge.ts'
import type { Spread } from './samples.ts'

const colors = ['#1971c2', '#2f9e44', '#e8590c', '#868e96']
const percentiles = ['p50', 'p90', 'p99', 'max'] as const
const rounded = (value: number | undefined) => (value === undefined ? null : Number(value.toFixed(3)))
const common = { textStyle: font, color: colors, tooltip: { trigger: 'axis' as const }, legend: { bottom: 0 } }
const limit = (ms: number) => ({
  silent: true,
  symbol: 'none',
  lineStyle: { color: '#e03131' },
  label: { position: 'insideEndTop' as const, formatter: `${ms} ms` },
  data: [{ yAxis: ms }]
})

/** Percentiles of all operations together while the rate grows. */
function ramp({ steps, targets }: Findings): Chart {
  return {
    title: 'Milliseconds to the answer while the rate grows, all operations together',
    height: 380,
    option: {
      ...common,
      grid: { left: 60, right: 60, top: 35, bottom: 80 },
      xAxis: {
        type: 'category',
        name: 'requests a second (answered)',
        nameLocation: 'middle',
        nameGap: 30,
        data: steps.map(({ rate, answered }) => `${rate} (${answered.toFixed(0)})`)
      },
      yAxis: { type: 'log', name: 'ms' },
      series: percentiles.map((which, i) => ({
        type: 'line' as const,
        name: which,
        data: steps.map(({ times }) => rounded(times?.[which])),
        ...(i === 0 && { markLine: limit(targets.operationMs) })
      }))
    }
  }
}

/** Percentiles of each operation at the highest rate. */
function operations({ steps, accounts, targets }: Findings): Chart {
  const all = { ...steps.at(-1)?.operations, ...accounts }
  const rows = Object.entries(all).flatMap(([name, { times }]) => (times ? [{ name, times }] : []))
  rows.sort((a, b) => a.times.p99 - b.times.p99)
  return {
    title: `Milliseconds to the answer by operation, at ${steps.at(-1)?.rate ?? 0} requests a second`,
    height: 120 + rows.length * 34,
    option: {
      ...common,
      grid: { left: 330, right: 60, top: 10, bottom: 80 },
      xAxis: { type: 'log', name: 'ms', nameLocation: 'middle', nameGap: 25 },
      yAxis: {
        type: 'category',
        data: rows.map(({ name }) => name),
        axisLabel: { width: 320, overflow: 'break' }
      },
      series: (['p50', 'p90', 'p99'] as const).map((which, i) => ({
        type: 'bar' as const,
        name: which,
        data: rows.map(({ times }) => rounded(times[which])),
        ...(i === 0 && {
          markLine: { ...limit(targets.operationMs), data: [{ xAxis: targets.operationMs }] }
        })
      }))
    }
  }
}

/** What requests with and without a token take, one at a time. */
function validation({ validation, targets }: Findings): Chart | undefined {
  if (!validation) return undefined
  const { times, added, withToken, without } = validation
  const rows: [string, Spread][] = [
    ['no token', times.without],
    ['new token', times.first],
    ['known token', times.again],
    ['401', times.refused],
    ['added: new', added.first],
    ['added: known', added.again]
  ]
  return {
    title: `What the validation of a token adds, in milliseconds: ${withToken} and ${without} (target: p99 < ${targets.validationMs})`,
    height: 380,
    option: {
      ...common,
      grid: { left: 60, right: 60, top: 35, bottom: 80 },
      xAxis: { type: 'category', data: rows.map(([name]) => name), axisLabel: { interval: 0 } },
      yAxis: { type: 'value', name: 'ms' },
      series: percentiles.map((which) => ({
        type: 'bar' as const,
        name: which,
        data: rows.map(([, spread]) => rounded(spread[which]))
      }))
    }
  }
}

/** Answers of each step by status. */
function statuses({ steps }: Findings): Chart {
  const counts = steps.map(({ operations }) => {
    const all: Record<string, number> = {}
    for (const { statuses } of Object.values(operations))
      for (const [status, count] of Object.entries(statuses)) all[status] = (all[status] ?? 0) + count
    return all
  })
  const names = [...new Set(counts.flatMap((count) => Object.keys(count)))].sort()
  return {
    title: 'Answers by status',
    height: 300,
    option: {
      ...common,
      color: names.map((name) => (/^(2|304)/.test(name) ? '#2f9e44' : /^(429|503)/.test(name) ? '#f08c00' : '#e03131')),
      grid: { left: 60, right: 60, top: 35, bottom: 80 },
      xAxis: { type: 'category', data: steps.map(({ rate }) => `${rate}/s`) },
      yAxis: { type: 'value', name: 'answers' },
      series: names.map((name) => ({
        type: 'bar' as const,
        stack: 'all',
        name,
        data: counts.map((count) => count[name] ?? 0)
      }))
    }
  }
}

export const chartsOf = (found: Findings): Chart[] =>
  [ramp(found), operations(found), validation(found), statuses(found)].flatMap((chart) => chart ?? [])
