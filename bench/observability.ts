import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { promisify } from 'node:util'
import { type Bench, figure } from './helpers/figures.ts'
import { connectTo } from './helpers/http.ts'
import { onOwnDatabase, type Service, serve } from './helpers/service.ts'
import { median } from './helpers/statistics.ts'

export const needsPostgres = true

const rounds = 5
const requests = 10_000
const warmUp = 5_000
/** The share of requests that other work on the machine may cost. */
const tolerated = 0.01
/** Clock ticks of 10 ms, as on Linux. */
const tick = 10_000

/** CPU time of a process in microseconds, user and system. */
function cpuOf(pid: number | undefined): number {
  const [, fields = ''] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')
  const [user, system] = fields.split(' ').slice(11, 13).map(Number)
  return (Number(user) + Number(system)) * tick
}

/** A collector that accepts all spans. */
async function startCollector() {
  const http = createServer((request, response) => {
    request.resume().on('end', () => response.setHeader('content-type', 'application/x-protobuf').end())
  })
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  return { url: `http://127.0.0.1:${(http.address() as AddressInfo).port}`, stop: () => http.close() }
}

/** The CPU cost per request with and without metrics and tracing, in microseconds. */
export const bench: Bench = async (say) => {
  const collector = await startCollector()
  const traced = { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url }
  const modes: Record<string, Record<string, string>> = {
    off: {},
    metrics: { METRICS_PORT: '0' },
    'traces, 1 in 100': {
      ...traced,
      OTEL_TRACES_SAMPLER: 'parentbased_traceidratio',
      OTEL_TRACES_SAMPLER_ARG: '0.01'
    },
    'traces, all': traced
  }

  return onOwnDatabase(String(process.env.DATABASE_URL), async ({ url }) => {
    const services: Record<string, Service> = {}
    for (const [mode, settings] of Object.entries(modes))
      services[mode] = await serve({ DATABASE_URL: url, LOG_LEVEL: 'info', BCRYPT_COST: '10', ...settings })
    const { off } = services as { off: Service }
    const account = { email: 'ann@example.com', name: 'Ann', password: 'correct-horse-7' }
    const call = connectTo(off.url)
    const { access_token: token } = JSON.parse((await call('POST', '/api/auth/register', { body: account })).text)
    for (let i = 0; i < 20; i += 1) await call('POST', '/api/tasks', { token, body: { title: `Task ${i}` } })

    async function cost(service: Service, path: string, amount: number): Promise<number> {
      const before = cpuOf(service.child.pid)
      const target = ['-H', `authorization=Bearer ${token}`, `${service.url}${path}`]
      const args = ['node_modules/autocannon/autocannon.js', '-j', '-n', '-c', '20', '-a', String(amount), ...target]
      const { non2xx, errors } = JSON.parse((await promisify(execFile)(process.execPath, args)).stdout)
      if (non2xx + errors > tolerated * amount) throw new Error(`${path}: ${non2xx} refused, ${errors} failed`)
      return (cpuOf(service.child.pid) - before) / amount
    }

    const figures = []
    for (const path of ['/api/auth/me', '/api/tasks']) {
      const costs: Record<string, number[]> = {}
      for (const service of Object.values(services)) await cost(service, path, warmUp)
      for (let round = 1; round <= rounds; round += 1) {
        say(`${path}, round ${round} of ${rounds}`)
        for (const [mode, service] of Object.entries(services)) {
          costs[mode] ??= []
          costs[mode].push(await cost(service, path, requests))
        }
      }
      const base = median(costs.off ?? [])
      say(
        `${path}: ${Object.entries(costs)
          .map(([mode, all]) => `${mode} ${median(all).toFixed(1)} µs`)
          .join(', ')}`
      )
      for (const [mode, all] of Object.entries(costs))
        figures.push(
          figure(
            `GET ${path}, ${mode}`,
            mode === 'metrics' ? '1.05 x' : '',
            `${median(all).toFixed(1)} µs (${Math.min(...all).toFixed(1)} to ${Math.max(...all).toFixed(1)}), ${(median(all) / base).toFixed(2)} x`,
            mode === 'metrics' ? median(all) <= 1.05 * base : undefined
          )
        )
    }
    for (const service of Object.values(services)) await service.stop()
    collector.stop()
    return figures
  })
}
