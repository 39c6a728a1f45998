import { setTimeout as sleep } from 'node:timers/promises'
import { people, serve } from '../helpers/gatehouse.ts'
import { startPostgres } from '../helpers/postgres.ts'
import { allTitles, judge, longest, type Scenario } from '../helpers/scenario.ts'
import { watchPostgres, watchService } from '../helpers/watch.ts'
import { startLoad } from '../helpers/writers.ts'

/** PostgreSQL's processes killed and restarted, as by `pg_ctl -m immediate restart`. */
export const scenario: Scenario = {
  inCi: true,
  async run(sandbox, say) {
    const times = sandbox.short ? 2 : 20
    const postgres = await startPostgres(sandbox)
    const gatehouse = await serve(sandbox, { DATABASE_URL: postgres.url })
    const tokens = await people(gatehouse.url, 8)
    const load = startLoad({ url: gatehouse.url, people: tokens })
    const [service, bare] = [watchService(gatehouse.url, tokens[0]), watchPostgres(postgres.url)]
    const behind: number[] = []
    for (let round = 0; round < times && !gatehouse.hasEnded(); round++) {
      await sleep(1_000 + Math.random() * 500)
      await postgres.stopAtOnce()
      await sleep(Math.random() * 1_000)
      const down = performance.now()
      await postgres.start()
      const [ready, answered] = await Promise.all([bare.answersAfter(down), service.answersAfter(down)])
      behind.push(answered - ready)
    }
    const complaints = gatehouse.hasEnded() ? [`the process ended: ${gatehouse.output()}`] : []
    const ledger = await load.stop()
    const longestOutage = await service.stop()
    const databaseOutage = await bare.stop()
    if (longest(behind) > 1_000) complaints.push(`it answered ${longest(behind)} ms after PostgreSQL`)
    say(`PostgreSQL's own longest outage: ${Math.round(databaseOutage)} ms`)
    const titles = await postgres.ask<{ title: string }>(allTitles)
    return [
      judge(
        'pg_ctl -m immediate restart',
        ledger,
        titles.map(({ title }) => title),
        { times, longestOutage, complaints, told: `answers at most ${longest(behind)} ms after PostgreSQL does` }
      )
    ]
  }
}
