import { randomFillSync } from 'node:crypto'
import { setImmediate } from 'node:timers/promises'
import { ALWAYS, createRevocationTable } from '../src/auth/revocations/revocation-table.ts'
import { type Bench, figure } from './helpers/figures.ts'
import { median, quantile } from './helpers/statistics.ts'

const live = Number(process.env.BENCH_REVOCATIONS ?? 1_000_000)
const day = 24 * 60 * 60
const lifetime = 8 * day
const checksARound = 200_000
const rounds = 15
const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(0)} MB`

const random = Buffer.alloc(16 * 4096)
let used = random.length

/** Version 4 UUIDs, faster than crypto.randomUUID() and without its cache. */
function randomKey(): string {
  if (used === random.length) {
    randomFillSync(random)
    used = 0
  }
  random[used + 6] = ((random[used + 6] ?? 0) & 0x0f) | 0x40
  random[used + 8] = ((random[used + 8] ?? 0) & 0x3f) | 0x80
  const hex = random.toString('hex', used, used + 16)
  used += 16
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}

/** Memory after garbage collection. */
async function memory() {
  for (let i = 0; i < 5; i += 1) {
    globalThis.gc?.()
    await setImmediate()
  }
  return process.memoryUsage().rss
}

/** Nanoseconds of CPU time per check, one figure per round. The median is the cost; the maximum shows the noise. */
function timeChecks(table: ReturnType<typeof createRevocationTable>, keys: string[], found: boolean): number[] {
  return Array.from({ length: rounds }, () => {
    let hits = 0
    const begin = process.cpuUsage()
    for (const key of keys) if (table.cutoff(key) !== 0) hits += 1
    const { user, system } = process.cpuUsage(begin)
    if (hits !== (found ? keys.length : 0)) throw new Error(`${hits} of ${keys.length} were found`)
    return ((user + system) * 1000) / keys.length
  })
}

/** A million live revocations in the memory of one process. */
export const bench: Bench = async (say) => {
  const now = Math.floor(Date.now() / 1000)
  const known = Array.from({ length: checksARound }, randomKey)
  const unknown = Array.from({ length: checksARound }, randomKey)
  const every = Math.ceil(live / checksARound)
  // A rehearsal, so that one-time allocations of the engine are not counted.
  const rehearsal = createRevocationTable(lifetime)
  for (let i = 0; i < live / 20; i += 1) rehearsal.add(randomKey(), ALWAYS, now + day)
  rehearsal.dropExpired(now + 2 * lifetime)
  const before = await memory()
  const table = createRevocationTable(lifetime)
  let slowest = 0
  const begin = performance.now()
  for (let i = 0; i < live; i += 1) {
    const key = (i % every === 0 ? known[i / every] : undefined) ?? randomKey()
    const at = performance.now()
    // Expiry is spread over seven days, as for access tokens.
    table.add(key, ALWAYS, now + 1 + Math.floor(Math.random() * 7 * day))
    slowest = Math.max(slowest, performance.now() - at)
    if ((i + 1) % (live / 5) === 0) say(`${i + 1} added`)
  }
  const fill = performance.now() - begin
  const after = await memory()
  const rss = after - before
  say(`process grown by ${megabytes(rss)}`)

  const hits = timeChecks(table, known, true)
  const misses = timeChecks(table, unknown, false)
  const size = table.size
  const forgetting = performance.now()
  table.dropExpired(now + lifetime + 4 * day)
  const forget = performance.now() - forgetting
  const told = (ns: number[]) =>
    `${median(ns).toFixed(0)} ns (rounds ${Math.min(...ns).toFixed(0)} to ${quantile(ns, 1).toFixed(0)})`

  return [
    figure(`growth of the process by ${size.toLocaleString('en')} revocations`, '200 MB', megabytes(rss), rss <= 200e6),
    figure('a check that finds', '< 2 µs', told(hits), median(hits) < 2_000),
    figure('a check that finds nothing', '< 2 µs', told(misses), median(misses) < 2_000),
    figure('adding one', '', `${((fill / live) * 1e6).toFixed(0)} ns; the slowest ${slowest.toFixed(0)} ms (growing)`),
    figure('forgetting all', '', `${forget.toFixed(2)} ms`)
  ]
}
