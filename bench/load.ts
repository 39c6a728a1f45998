import { setTimeout as sleep } from 'node:timers/promises'
import { createVerifier } from '../src/auth/tokens/verifier.ts'
import { type Latency, type Operation, startClients } from './helpers/clients.ts'
import { type Bench, type Figure, figure } from './helpers/figures.ts'
import { connectTo, signUp } from './helpers/http.ts'
import { startGatehouse } from './helpers/measured.ts'
import { beside, pacedOperations } from './helpers/paced.ts'
import { onOwnDatabase } from './helpers/service.ts'
import { quantile } from './helpers/statistics.ts'
import { mint, tokens } from './helpers/tokens.ts'

export const needsPostgres = true

/** Connections per operation. */
const steps = [1, 2, 4, 8, 16, 32]
const seconds = Number(process.env.LOAD_SECONDS ?? 6)
const people = 20
const ms = (value: number) => `${value.toFixed(value < 10 ? 1 : 0)}`
const told = ({ p50, p99, max, count, failed }: Latency) =>
  `p50 ${ms(p50)}, p99 ${ms(p99)}, max ${ms(max)} ms (${count}${failed ? `, ${failed} failed` : ''})`

interface Found {
  connections: number
  /** Good answers per second of all operations together. */
  rate: number
  /**
   * Good answers per second as a geometric mean over the operations. The sum keeps rising when fast operations displace slow
   * ones.
   */
  each: number
  latencies: Record<string, Latency>
}

/** A typical client's operations on tasks. */
function operationsOf(token: string, id: string): Record<string, Operation> {
  const headers = { authorization: `Bearer ${token}` }
  const json = { ...headers, 'content-type': 'application/json' }
  const body = (value: object) => ({ headers: json, body: JSON.stringify(value) })
  const path = '/api/tasks'
  return {
    'GET /health/live': { method: 'GET', path: '/health/live', headers: {} },
    'GET /api/auth/me': { method: 'GET', path: '/api/auth/me', headers },
    'GET /api/auth/profile': { method: 'GET', path: '/api/auth/profile', headers },
    'PUT /api/auth/profile': { method: 'PUT', path: '/api/auth/profile', ...body({ name: 'Somebody' }) },
    'GET /api/auth/sessions': { method: 'GET', path: '/api/auth/sessions', headers },
    'GET /api/tasks': { method: 'GET', path, headers },
    'GET /api/tasks?sort=title&status=pending': { method: 'GET', path: `${path}?sort=title&status=pending`, headers },
    'POST /api/tasks': { method: 'POST', path, ...body({ title: 'Water the plants' }) },
    'GET /api/tasks/{id}': { method: 'GET', path: `${path}/${id}`, headers },
    'PUT /api/tasks/{id}': { method: 'PUT', path: `${path}/${id}`, ...body({ title: 'Water the plants again' }) },
    'PATCH /api/tasks/{id}/complete': { method: 'PATCH', path: `${path}/${id}/complete`, headers }
  }
}

/** Milliseconds to verify unseen tokens in this process, while the service is at full load. */
async function timeVerifying(isOver: () => boolean): Promise<number[]> {
  const verify = createVerifier(tokens, new Map(), Date.now)
  const times: number[] = []
  while (!isOver()) {
    for (const token of mint(20)) {
      const begin = performance.now()
      await verify(token)
      times.push(performance.now() - begin)
    }
    await sleep(20)
  }
  return times
}

function judge({ latencies }: Found, verifying: number[]): Figure[] {
  const p99 = (name: string) => latencies[name]?.p99 ?? Number.NaN
  const added = p99('GET /api/auth/me') - p99('GET /health/live')
  const alone = quantile(verifying, 0.99)
  return [
    ...Object.entries(latencies).map(([name, latency]) =>
      figure(`at full load: ${name}`, 'p99 < 500 ms', told(latency), latency.p99 < 500 && latency.failed === 0)
    ),
    figure(
      'time that a token adds: p99 of GET /api/auth/me less that of GET /health/live, which asks for none',
      '< 100 ms',
      `${added.toFixed(1)} ms`,
      added < 100
    ),
    figure(
      'the same by the clock: verifying a token never seen before, in a process beside the load',
      'p99 < 100 ms',
      `p50 ${quantile(verifying, 0.5).toFixed(3)}, p99 ${alone.toFixed(3)} ms (${verifying.length})`,
      alone < 100
    )
  ]
}

/** Runs all operations at once with more and more connections, until throughput no longer grows. */
export const bench: Bench = (say) =>
  onOwnDatabase(process.env.DATABASE_URL ?? '', async ({ url }) => {
    const server = await startGatehouse(url, { BCRYPT_COST: '12' })
    const clients = startClients()
    try {
      const call = connectTo(server.url)
      say(`signing up ${people} people at cost 12`)
      const accounts: { email: string }[] = []
      while (accounts.length < people) accounts.push(await signUp(call))
      const { access_token: token } = await signUp(call)
      let id = ''
      for (let i = 0; i < 50; i += 1) {
        const { text } = await call('POST', '/api/tasks', { token, body: { title: `Task ${i}` } })
        id = (JSON.parse(text) as { id: string }).id
      }
      const operations = operationsOf(token, id)
      const paced = pacedOperations(call, accounts)
      const found: Found[] = []
      let verifying: number[] = []

      async function step(connections: number, seconds: number): Promise<Found> {
        let latencies: Record<string, Latency> = {}
        let over = false
        const timing = timeVerifying(() => over)
        const rest = await beside(paced, async () => {
          latencies = await clients.run({ url: server.url, operations, connections, seconds })
          over = true
        })
        verifying = await timing
        const rates = Object.values(latencies).map(({ count, failed }) => Math.max(count - failed, 1) / seconds)
        const rate = rates.reduce((sum, one) => sum + one, 0)
        const each = Math.exp(rates.reduce((sum, one) => sum + Math.log(one), 0) / rates.length)
        return { connections, rate, each, latencies: { ...latencies, ...rest } }
      }

      await step(2, 3)
      for (const connections of steps) {
        const now = await step(connections, seconds)
        say(`${connections} connections each: ${now.rate.toFixed(0)} answers a second, ${now.each.toFixed(0)} of each`)
        found.push(now)
      }
      const full = found.reduce((a, b) => (b.each > a.each ? b : a))
      say(`full load: ${full.connections} connections each, ${5 * seconds} s`)
      const judged = await step(full.connections, 5 * seconds)
      const figures = judge(judged, verifying)
      const told = figure(
        `answers a second at full load: every operation below at once, ${judged.connections} connections each`,
        '',
        judged.rate.toFixed(0)
      )
      return [{ ...told, data: { steps: found, full: judged } }, ...figures]
    } finally {
      clients.stop()
      await server.stop()
    }
  })
