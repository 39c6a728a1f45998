import { spawn } from 'node:child_process'
import { once } from 'node:events'
import autocannon from 'autocannon'
import { lowerPriority } from './priority.ts'
import { quantile } from './statistics.ts'

export interface Operation {
  method: string
  path: string
  headers: Record<string, string>
  body?: string
}

/** All operations at once, each on this many connections, for this many seconds. */
export interface Step {
  url: string
  operations: Record<string, Operation>
  connections: number
  seconds: number
}

export interface Latency {
  count: number
  p50: number
  p90: number
  p99: number
  max: number
  /** Answers other than 2xx, and requests without an answer. */
  failed: number
}

/** Percentiles in milliseconds. */
export const latencyOf = (times: readonly number[], failed: number): Latency => ({
  count: times.length,
  p50: quantile(times, 0.5),
  p90: quantile(times, 0.9),
  p99: quantile(times, 0.99),
  max: quantile(times, 1),
  failed
})

async function run({ url, operations, connections, seconds }: Step): Promise<Record<string, Latency>> {
  const latencies = Object.entries(operations).map(async ([name, operation]) => {
    const times: number[] = []
    let failed = 0
    const cannon = autocannon({ url, connections, duration: seconds, requests: [operation] })
    cannon.on('response', (_client: unknown, status: number, _bytes: number, milliseconds: number) => {
      times.push(milliseconds)
      if (status < 200 || status > 299) failed += 1
    })
    const { errors } = await cannon
    return [name, latencyOf(times, failed + errors)] as const
  })
  return Object.fromEntries(await Promise.all(latencies))
}

/** Starts a separate load generator with low priority: it represents other machines. */
export function startClients() {
  const child = spawn(process.execPath, [import.meta.filename], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  const kill = () => child.kill('SIGKILL')
  process.on('exit', kill)
  child.on('exit', (code) => {
    process.off('exit', kill)
    if (code) child.emit('error', new Error('The load generator ended'))
  })
  return {
    async run(step: Step): Promise<Record<string, Latency>> {
      const answer = once(child, 'message')
      child.send(step)
      return (await answer)[0] as Record<string, Latency>
    },
    stop: kill
  }
}

if (import.meta.main) {
  lowerPriority()
  process.on('message', async (step: Step) => process.send?.(await run(step)))
}
