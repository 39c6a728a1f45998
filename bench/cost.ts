import { setTimeout as sleep } from 'node:timers/promises'
import { type Row, rows } from './helpers/cost-rows.ts'
import { type Bench, type Figure, figure } from './helpers/figures.ts'
import type { Measured } from './helpers/measured.ts'
import { preferUs } from './helpers/priority.ts'
import { type BenchDatabase, onOwnDatabase } from './helpers/service.ts'
import { median } from './helpers/statistics.ts'
import type { Shot } from './helpers/subject.ts'
import { type Gunner, startGunner } from './helpers/volley.ts'
import { startYardstick } from './helpers/yardstick.ts'

export const parts = Object.keys(rows)

const connections = 10
const rounds = Number(process.env.COST_ROUNDS ?? 11)
const seconds = Number(process.env.COST_SECONDS ?? 0.8)
/** Milliseconds after which a server has written its log. */
const settled = 150
const latest = 5_000
/** Volleys before those that count: a compiler needs some 50,000 requests to have seen all. */
const warmUp = 2

interface Target {
  server: Measured
  shot: Shot
  newTokens?: ((count: number) => string[]) | undefined
  logs?: boolean | undefined
  awake: boolean
}

/** Microseconds of CPU that the server takes for a request, over one volley. */
async function volley(gunner: Gunner, status: number, { server, shot, newTokens, logs, awake }: Target, count = 0) {
  server.emptyLog()
  const tokens = newTokens?.(count)
  const load = { url: server.url, connections, awake, ...shot, ...(tokens ? { tokens } : { seconds }) }
  const before = await server.usage()
  const { requests, statuses, bytes, seconds: took } = await gunner.fire(load)
  await sleep(settled)
  // Longer where the machine is busy.
  const end = performance.now() + latest
  while (logs && server.lines() < requests && performance.now() < end) await sleep(settled)
  const { cpu } = await server.usage()
  if (statuses[status] !== requests) throw new Error(`${shot.path}: ${JSON.stringify(statuses)}`)
  if (logs && server.lines() < requests) throw new Error(`${server.lines()} log lines for ${requests} requests`)
  return { cost: (cpu - before.cpu) / requests, busy: (cpu - before.cpu) / took / 1e6, requests, bytes }
}

async function measure(name: string, row: Row, gunner: Gunner, database: BenchDatabase | undefined): Promise<Figure> {
  const subject = await row.begin(database)
  const { server, shot, status, newTokens, logs } = subject
  try {
    const yardstick = await startYardstick(row, subject, database?.url)
    try {
      const awake = !row.needsPostgres
      const ours: Target = { server, shot, logs, newTokens, awake }
      const bare: Target = { server: yardstick, shot: subject.yardstick ?? shot, awake }
      const warm = await volley(gunner, status, { ...ours, newTokens: undefined })
      const same = await volley(gunner, status, bare)
      for (let more = 0; more < warmUp; more += 1)
        for (const target of [{ ...ours, newTokens: undefined }, bare]) await volley(gunner, status, target)
      if (row.target && warm.bytes !== same.bytes) throw new Error(`${name}: ${warm.bytes} bytes, not ${same.bytes}`)
      const count = Math.min(30_000, warm.requests)
      if (newTokens) await volley(gunner, status, ours, count)
      const [costs, bares, ratios, busy]: [number[], number[], number[], number[]] = [[], [], [], []]
      let requests = 0
      for (let round = 0; round < rounds; round += 1) {
        const order = round % 2 === 0 ? [ours, bare] : [bare, ours]
        const taken = new Map<Target, Awaited<ReturnType<typeof volley>>>()
        for (const target of order) taken.set(target, await volley(gunner, status, target, count))
        const [a, b] = [taken.get(ours), taken.get(bare)]
        if (!a || !b) continue
        costs.push(a.cost)
        bares.push(b.cost)
        ratios.push(a.cost / b.cost)
        busy.push(a.busy)
        requests += a.requests
      }
      const ratio = median(costs) / median(bares)
      const least = Math.min(...costs) / Math.min(...bares)
      return {
        ...figure(
          row.figure,
          row.target ? `<= ${row.target} x` : '',
          `${median(costs).toFixed(1)} µs`,
          row.target ? ratio <= row.target : undefined
        ),
        yardstick: `${median(bares).toFixed(1)} µs, ${row.yardstick}`,
        ratio: `${ratio.toFixed(2)} x`,
        spread: `${Math.min(...ratios).toFixed(2)} to ${Math.max(...ratios).toFixed(2)}`,
        data: {
          row: name,
          least,
          cost: median(costs),
          bare: median(bares),
          ratio,
          ratios,
          requests,
          busy: median(busy)
        }
      }
    } finally {
      await yardstick.stop()
    }
  } finally {
    await server.stop()
  }
}

async function measureAll(names: string[], say: (progress: string) => void, database?: BenchDatabase) {
  const gunner = startGunner()
  const figures: Figure[] = []
  try {
    for (const name of names) {
      const row = rows[name]
      if (!row) continue
      if (row.needsPostgres && !database) {
        figures.push({ ...figure(row.figure, '', 'needs PostgreSQL'), verdict: 'not run' })
        continue
      }
      const found = await measure(name, row, gunner, database)
      figures.push(found)
      say(`${name}: ${found.measured}, ${found.yardstick}: ${found.ratio} (${found.spread})`)
    }
    return figures
  } finally {
    gunner.stop()
  }
}

/**
 * The server's own CPU time for a request, user and system, from the operating system: steady where throughput on a
 * shared machine is not. Always beside its yardstick, the two in turn.
 */
export const bench: Bench = async (say, wanted = parts) => {
  const server = process.env.DATABASE_URL
  preferUs()
  say(`${rounds} rounds of ${seconds} s each, ${connections} connections, the two in turn`)
  if (!server) return measureAll(wanted, say)
  return onOwnDatabase(server, async (database) => {
    // Or both would wait for the disk, and be measured while idle.
    const { rows: [found] = [] } = await database.query('select current_database() as name')
    await database.query(`alter database ${found?.name} set synchronous_commit to off`)
    return measureAll(wanted, say, database)
  })
}
