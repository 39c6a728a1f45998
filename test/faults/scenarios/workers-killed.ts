import { execFileSync } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { until } from '../../helpers/wait.ts'
import { people, serve } from '../helpers/gatehouse.ts'
import { startPostgres } from '../helpers/postgres.ts'
import { allTitles, judge, longest, type Scenario } from '../helpers/scenario.ts'
import { watchService } from '../helpers/watch.ts'
import { startLoad } from '../helpers/writers.ts'

/** The child processes. */
const childrenOf = (pid: number) =>
  execFileSync('ps', ['-o', 'pid=', '--ppid', String(pid)], { encoding: 'utf8' })
    .trim()
    .split(/\s+/)
    .map(Number)

/** kill -9 of one of two workers. The primary process replaces it while the other one serves. */
export const scenario: Scenario = {
  inCi: true,
  async run(sandbox) {
    const times = sandbox.short ? 2 : 20
    const postgres = await startPostgres(sandbox)
    const gatehouse = await serve(sandbox, { DATABASE_URL: postgres.url }, ['--workers', '2'])
    const tokens = await people(gatehouse.url, 8)
    const load = startLoad({ url: gatehouse.url, people: tokens })
    const service = watchService(gatehouse.url, tokens[0])
    const behind: number[] = []
    // Each worker logs this when it begins to serve.
    const served = () => gatehouse.output().split('rate limits are off').length - 1
    const complaints: string[] = []
    for (let round = 0; round < times && !gatehouse.hasEnded(); round++) {
      await sleep(1_000)
      const workers = childrenOf(gatehouse.pid())
      const victim = workers[round % workers.length] ?? 0
      const killed = performance.now()
      process.kill(victim, 'SIGKILL')
      behind.push((await service.answersAfter(killed)) - killed)
      await until('a worker in place of the killed one', () => served() >= 3 + round)
    }
    if (gatehouse.hasEnded()) complaints.push(`the primary ended: ${gatehouse.output()}`)
    const ledger = await load.stop()
    const longestOutage = await service.stop()
    const titles = (await postgres.ask<{ title: string }>(allTitles)).map(({ title }) => title)
    if (longest(behind) > 2_000) complaints.push(`nobody answered for ${longest(behind)} ms`)
    const told = `the other one answers at most ${longest(behind)} ms later`
    return [judge('kill -9 of a worker', ledger, titles, { times, longestOutage, complaints, told })]
  }
}
