import { setTimeout as sleep } from 'node:timers/promises'
import { median } from '../../../bench/helpers/statistics.ts'
import { until } from '../../helpers/wait.ts'
import { people, serve } from '../helpers/gatehouse.ts'
import { startPostgres } from '../helpers/postgres.ts'
import { judgeAnswers, longest, type Scenario } from '../helpers/scenario.ts'
import { watchService } from '../helpers/watch.ts'
import { startLoad } from '../helpers/writers.ts'

/** Blocks the event loop for four seconds in steps of 0.8 s. */
const busy = `process.on("SIGCONT", () => {
  let pieces = 6
  const piece = () => {
    const end = performance.now() + 800
    while (performance.now() < end);
    pieces -= 1
    if (pieces > 0) setTimeout(piece, 5)
    else console.log("free again")
  }
  piece()
})`

/** The event loop is blocked repeatedly: requests are refused, and served again afterwards. */
export const scenario: Scenario = {
  // test/plugins/pressure.test.ts has much of it.
  inCi: false,
  async run(sandbox) {
    const times = sandbox.short ? 1 : 3
    const postgres = await startPostgres(sandbox)
    const NODE_OPTIONS = `--import=data:text/javascript,${encodeURIComponent(busy)}`
    const gatehouse = await serve(sandbox, { DATABASE_URL: postgres.url, NODE_OPTIONS })
    const [token] = await people(gatehouse.url, 1)
    const path = '/api/auth/me'
    const service = watchService(gatehouse.url, token, path)
    const behind: number[] = []
    const complaints: string[] = []
    // On keep-alive connections, like those of a load balancer.
    const load = startLoad({ url: gatehouse.url, people: [token ?? ''], path, writers: 0, readers: 32, rest: 200 })
    for (let round = 1; round <= times; round++) {
      await sleep(2_000)
      gatehouse.signal('SIGCONT')
      await sleep(2_500)
      const health = await gatehouse.call('GET', '/health')
      if (health.status !== 503) complaints.push(`/health says ${health.status} while the event loop is late`)
      const isFree = () => gatehouse.output().split('free again').length > round || gatehouse.hasEnded()
      await until('the event loop to be free', isFree)
      const free = performance.now()
      behind.push((await service.answersAfter(free)) - free)
    }
    const ledger = await load.stop()
    const longestOutage = await service.stop()
    const slowest = longest(ledger.refusals)
    // Requests accepted before the detection may wait 2 s for the database, plus one step before and after.
    if (slowest > 2_500 + 2 * 800) complaints.push(`a refusal took ${slowest} ms`)
    if (longest(behind) > 1_000) complaints.push(`it recovered after ${longest(behind)} ms`)
    if (ledger.counts.refused < 20) complaints.push('hardly anything was refused')
    const told = `${ledger.counts.refused} refused, half within ${Math.round(median(ledger.refusals))} and all within ${slowest} ms, recovery ${longest(behind)} ms`
    return [judgeAnswers('event loop late', ledger, { refusals: true, times, longestOutage, complaints, told })]
  }
}
