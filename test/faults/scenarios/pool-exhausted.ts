import { setTimeout as sleep } from 'node:timers/promises'
import { people, serve } from '../helpers/gatehouse.ts'
import { connect, startPostgres } from '../helpers/postgres.ts'
import { startRate } from '../helpers/rate.ts'
import { judgeAnswers, longest, type Scenario } from '../helpers/scenario.ts'
import { watchService } from '../helpers/watch.ts'

/** Every connection of the pool waits for a lock. */
export const scenario: Scenario = {
  // test/database/hanging-up.test.ts has much of it.
  inCi: false,
  async run(sandbox) {
    const times = sandbox.short ? 2 : 5
    const postgres = await startPostgres(sandbox)
    const gatehouse = await serve(sandbox, { DATABASE_URL: postgres.url })
    const [token] = await people(gatehouse.url, 1)
    const service = watchService(gatehouse.url, token)
    const behind: number[] = []
    const complaints: string[] = []
    const rate = startRate(100, () => ({
      what: 'GET /api/tasks',
      wanted: 200,
      send: () => gatehouse.call('GET', '/api/tasks', { token })
    }))
    for (let round = 0; round < times; round++) {
      await sleep(1_000)
      const holder = await connect(postgres.url)
      await holder.query('begin; lock table tasks in access exclusive mode')
      await sleep(2_000)
      const health = await gatehouse.call('GET', '/health')
      const live = await gatehouse.call('GET', '/health/live')
      // /health has a separate connection, because clients can fill the pool, and must not take a process out of service.
      if (health.status !== 200) complaints.push(`/health says ${health.status} while the database answers`)
      if (live.status !== 200) complaints.push(`/health/live says ${live.status}`)
      await holder.end()
      const free = performance.now()
      behind.push((await service.answersAfter(free)) - free)
      const later = await gatehouse.call('GET', '/health')
      if (later.status !== 200) complaints.push(`/health says ${later.status} when all is well again`)
    }
    const ledger = await rate.stop()
    const longestOutage = await service.stop()
    const slowest = longest(ledger.refusals)
    if (slowest > 2_500) complaints.push(`a refusal took ${slowest} ms`)
    if (longest(behind) > 1_000) complaints.push(`it recovered after ${longest(behind)} ms`)
    if (ledger.counts.refused < 20) complaints.push('hardly anything was refused: the pool was not exhausted')
    const told = `${ledger.counts.refused} refused within ${slowest} ms, recovery ${longest(behind)} ms`
    return [judgeAnswers('pool exhausted', ledger, { refusals: true, times, longestOutage, complaints, told })]
  }
}
