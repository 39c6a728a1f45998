import type { EChartsOption } from 'echarts'
import type { Recorded } from './record.ts'

interface Scaled {
  operation: string
  small: { ms: number; service: number; backends?: number }
  big: { ms: number; service: number; backends?: number }
}

export interface Chart {
  title: string
  height: number
  option: EChartsOption
}

export const font = { fontFamily: 'sans-serif' }

/** The same operation on a small and on a large database. */
export function scale({ benches }: Recorded): Chart | undefined {
  const rows = (benches.scale?.figures ?? []).flatMap(({ data }) => (data ? [data as Scaled] : []))
  const lists = rows.filter(({ operation }) => operation !== 'login')
  if (lists.length === 0) return undefined
  const bars = (name: string, of: (row: Scaled) => number) => ({
    type: 'bar' as const,
    name,
    data: lists.map((row) => Number(of(row).toFixed(3)))
  })
  return {
    title: 'Milliseconds to the answer by size of data: 160 tasks, and 1,000,000 of one user among 10,000,000',
    height: 380,
    option: {
      textStyle: font,
      tooltip: { trigger: 'axis' },
      legend: { bottom: 0 },
      grid: { left: 60, right: 40, top: 35, bottom: 70 },
      xAxis: { type: 'category', data: lists.map(({ operation }) => operation) },
      yAxis: { type: 'value', name: 'ms' },
      series: [bars('small', ({ small }) => small.ms), bars('large', ({ big }) => big.ms)]
    }
  }
}

/** Resident memory by number of requests. */
export function memory({ benches }: Recorded): Chart | undefined {
  const found = benches.size?.figures.find(({ figure }) => figure.startsWith('after'))?.data
  if (!found) return undefined
  const sizes = found as { requests: number; bytes: number }[]
  return {
    title: 'Resident memory over requests',
    height: 300,
    option: {
      textStyle: font,
      tooltip: { trigger: 'axis' },
      grid: { left: 60, right: 40, top: 35, bottom: 50 },
      xAxis: { type: 'value', name: 'requests', nameLocation: 'middle', nameGap: 28 },
      yAxis: { type: 'value', name: 'MB', min: 0 },
      series: [
        {
          type: 'line',
          showSymbol: false,
          data: sizes.map(({ requests, bytes }) => [requests, Math.round(bytes / 1024 / 1024)]),
          markLine: { silent: true, symbol: 'none', data: [{ yAxis: 110, name: '110 MB' }] }
        }
      ]
    }
  }
}
