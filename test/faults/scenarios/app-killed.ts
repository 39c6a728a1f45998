import { setTimeout as sleep } from 'node:timers/promises'
import { people, serve } from '../helpers/gatehouse.ts'
import { startPostgres } from '../helpers/postgres.ts'
import { allTitles, judge, longest, type Scenario } from '../helpers/scenario.ts'
import { watchService } from '../helpers/watch.ts'
import { startLoad } from '../helpers/writers.ts'

/** kill -9 of the service, with an immediate restart. */
export const scenario: Scenario = {
  inCi: true,
  async run(sandbox, say) {
    const times = sandbox.short ? 2 : 20
    const postgres = await startPostgres(sandbox)
    const gatehouse = await serve(sandbox, { DATABASE_URL: postgres.url })
    const tokens = await people(gatehouse.url, 8)
    const load = startLoad({ url: gatehouse.url, people: tokens })
    const watch = watchService(gatehouse.url, tokens[0])
    const starts: number[] = []
    for (let round = 0; round < times; round++) {
      await sleep(1_000 + Math.random() * 500)
      const killed = performance.now()
      gatehouse.signal('SIGKILL')
      await gatehouse.ended()
      await gatehouse.restart()
      starts.push((await watch.answersAfter(killed)) - killed)
    }
    const ledger = await load.stop()
    const longestOutage = await watch.stop()
    say(`the longest start under load took ${longest(starts)} ms`)
    const titles = await postgres.ask<{ title: string }>(allTitles)
    return [
      judge(
        'kill -9 of the service',
        ledger,
        titles.map(({ title }) => title),
        { times, longestOutage }
      )
    ]
  }
}
