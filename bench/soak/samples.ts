import { appendFileSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import type { Sample } from './slope.ts'

const columns = ['seconds', 'rss', 'heap', 'descriptors', 'pool', 'waiting', 'requests'] as const
const MB = 1_000_000

/** The sum of a metric's series in Prometheus's text format. */
function metric(text: string, name: string): number {
  const lines = [...text.matchAll(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)$`, 'gm'))]
  return lines.reduce((sum, [, value]) => sum + Number(value), 0)
}

/** Samples a local process and its metrics, and writes each sample at once. */
export function createSampler(pid: number, metricsUrl: string, csv: string) {
  const samples: Sample[] = []
  writeFileSync(csv, `${columns.join(',')}\n`)
  return {
    samples,
    async look(seconds: number, requests: number): Promise<void> {
      const text = await fetch(metricsUrl, { signal: AbortSignal.timeout(4_000) }).then((answer) => answer.text())
      const [, kilobytes = ''] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
      const sample: Sample = {
        seconds: Math.round(seconds),
        rss: (Number(kilobytes) * 1024) / MB,
        heap: metric(text, 'nodejs_heap_size_used_bytes') / MB,
        descriptors: readdirSync(`/proc/${pid}/fd`).length,
        pool: metric(text, 'gatehouse_database_connections'),
        waiting: metric(text, 'gatehouse_database_waiting'),
        requests
      }
      samples.push(sample)
      appendFileSync(csv, `${columns.map((column) => Number(sample[column].toFixed(2))).join(',')}\n`)
    }
  }
}
