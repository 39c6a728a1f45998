import { setTimeout as sleep } from 'node:timers/promises'
import { type Row, rows } from './helpers/cost-rows.ts'
import { type Bench, type Figure, figure } from './helpers/figures.ts'
import { measureKeys } from './helpers/key-costs.ts'
import { type LoadGenerator, startLoadGenerator } from './helpers/load-generator.ts'
import type { Measured } from './helpers/measured.ts'
import { raisePriority } from './helpers/priority.ts'
import { type BenchDatabase, onOwnDatabase } from './helpers/service.ts'
import { extremes, median, quantile } from './helpers/statistics.ts'
import type { LoadRequest } from './helpers/subject.ts'
import { startYardstick } from './helpers/yardstick.ts'

/** Signing and verifying, without a server. */
const algorithms = { 'keys-HS256': 'HS256', 'keys-EdDSA': 'EdDSA', 'keys-ES256': 'ES256' } as const
const isAlgorithm = (name: string): name is keyof typeof algorithms => name in algorithms

export const parts = [...Object.keys(rows), ...Object.keys(algorithms)]

const connections = 10
// Fewer rounds give no figure worth publishing.
const enough = 21
const rounds = Number(process.env.COST_ROUNDS ?? enough)
const seconds = Number(process.env.COST_SECONDS ?? 0.4)
// Milliseconds after which a server has written its log.
const settled = 150
const latest = 5_000
// Requests to each server before those that are measured: until then the JIT compiler still finds work.
const warmUp = Number(process.env.COST_WARM_UP ?? 60_000)

interface Target {
  server: Measured
  request: LoadRequest
  newTokens?: ((count: number) => string[]) | undefined
  logs?: boolean | undefined
}

interface Options {
  generator: LoadGenerator
  status: number
  busyPoll: boolean
  /** The maximum number of new tokens. */
  count?: number
}

/** Returns the server's CPU time per request in microseconds. */
async function measureOnce(
  { server, request, newTokens, logs }: Target,
  { generator, status, busyPoll, count = 0 }: Options
) {
  server.emptyLog()
  const tokens = newTokens?.(count)
  const load = { url: server.url, connections, busyPoll, seconds, ...request, ...(tokens && { tokens, once: true }) }
  const before = await server.usage()
  const { requests, statuses, bytes, seconds: took } = await generator.run(load)
  await sleep(settled)
  // Writing the log takes longer on a busy machine.
  const end = performance.now() + latest
  while (logs && server.lines() < requests && performance.now() < end) await sleep(settled)
  const { cpu } = await server.usage()
  if (statuses[status] !== requests) throw new Error(`${request.path}: ${JSON.stringify(statuses)}`)
  if (logs && server.lines() < requests) throw new Error(`${server.lines()} log lines for ${requests} requests`)
  return { cost: (cpu - before.cpu) / requests, busy: (cpu - before.cpu) / took / 1e6, requests, bytes }
}

type Measurement = Awaited<ReturnType<typeof measureOnce>>
type Pair = [ours: Measurement, bare: Measurement]

// Ratios are computed per pair, because other work slows down both measurements of a round.
function summarize(pairs: Pair[]) {
  const ratios = pairs.map(([ours, bare]) => ours.cost / bare.cost)
  return {
    cost: median(pairs.map(([ours]) => ours.cost)),
    bare: median(pairs.map(([, bare]) => bare.cost)),
    ratio: median(ratios),
    quartiles: [quantile(ratios, 0.25), quantile(ratios, 0.75)],
    ratios,
    busy: median(pairs.map(([ours]) => ours.busy)),
    requests: pairs.reduce((sum, [ours]) => sum + ours.requests, 0)
  }
}

/** Measures a row against its yardstick: in turn, and at the same time. */
async function measure(
  name: string,
  row: Row,
  generators: [LoadGenerator, LoadGenerator],
  database?: BenchDatabase
): Promise<Figure> {
  const subject = await row.begin(database)
  const { server, request, status, newTokens, logs } = subject
  try {
    const yardstick = await startYardstick(row, subject, database?.url)
    try {
      const ours: Target = { server, request, logs, newTokens }
      const bare: Target = { server: yardstick, request: subject.yardstick ?? request }
      const alone: Options = { generator: generators[0], status, busyPoll: !row.needsPostgres }
      const warming = { ...ours, newTokens: undefined }
      const warm = await measureOnce(warming, alone)
      const same = await measureOnce(bare, alone)
      if (row.target && warm.bytes !== same.bytes) throw new Error(`${name}: ${warm.bytes} bytes, not ${same.bytes}`)
      for (const target of [warming, bare])
        for (let sent = 0; sent < warmUp; sent += (await measureOnce(target, alone)).requests);
      const count = Math.min(30_000, warm.requests)
      if (newTokens) await measureOnce(ours, { ...alone, count })
      const [inTurns, atOnce]: [Pair[], Pair[]] = [[], []]
      for (let round = 0; round < rounds; round += 1) {
        const first = round % 2 === 0 ? await measureOnce(ours, { ...alone, count }) : undefined
        const beside = await measureOnce(bare, alone)
        inTurns.push([first ?? (await measureOnce(ours, { ...alone, count })), beside])
        // Polling would occupy a core that both need.
        const shared = { status, busyPoll: false, count }
        atOnce.push(
          await Promise.all([
            measureOnce(ours, { ...shared, generator: generators[0] }),
            measureOnce(bare, { ...shared, generator: generators[1] })
          ])
        )
      }
      const both = [summarize(inTurns), summarize(atOnce)] as const
      const [turns, simultaneous] = both
      const ratio = Math.max(turns.ratio, simultaneous.ratio)
      const target = row.target ? `<= ${row.target} x` : ''
      const micros = (key: 'cost' | 'bare') => both.map((found) => found[key].toFixed(1)).join(', ')
      const span = (values: number[]) => values.map((value) => value.toFixed(2)).join(' to ')
      return {
        ...figure(row.figure, target, `${micros('cost')} µs`, row.target ? ratio <= row.target : undefined),
        yardstick: `${micros('bare')} µs, ${row.yardstick}`,
        ratio: both.map((found) => `${found.ratio.toFixed(2)} x`).join(', '),
        spread: both.map(({ quartiles, ratios }) => `${span(quartiles)} [${span(extremes(ratios))}]`).join(', '),
        data: { row: name, ratio, rounds, turns, simultaneous }
      }
    } finally {
      await yardstick.stop()
    }
  } finally {
    await server.stop()
  }
}

async function measureAll(names: string[], database?: BenchDatabase) {
  const generators: [LoadGenerator, LoadGenerator] = [startLoadGenerator(), startLoadGenerator()]
  const figures: Figure[] = []
  try {
    for (const name of names) {
      if (isAlgorithm(name)) figures.push(...measureKeys(algorithms[name]))
      const row = rows[name]
      if (!row) continue
      if (row.needsPostgres && !database) {
        figures.push({ ...figure(row.figure, '', 'needs PostgreSQL'), verdict: 'not run' })
        continue
      }
      figures.push(await measure(name, row, generators, database))
    }
    return figures
  } finally {
    for (const generator of generators) generator.stop()
  }
}

/**
 * Measures the server's own CPU time per request (user and system), which is stable on a shared machine, where
 * throughput is not. Of each pair of figures, the first is from rounds with server and yardstick under load in turn,
 * the second from rounds with both under load at the same time.
 */
export const bench: Bench = async (say, wanted = parts) => {
  const server = process.env.DATABASE_URL
  raisePriority()
  const warning = rounds < enough ? `; ${enough} and more are worth publishing` : ''
  say(
    `${wanted.join(', ')}: ${rounds} rounds of ${seconds} s, in turns and at the same time, ${connections} connections each${warning}`
  )
  if (!server) return measureAll(wanted)
  return onOwnDatabase(server, async (database) => {
    // Otherwise both would wait for the disk and be measured while idle.
    const { rows: [found] = [] } = await database.query('select current_database() as name')
    await database.query(`alter database ${found?.name} set synchronous_commit to off`)
    return measureAll(wanted, database)
  })
}
