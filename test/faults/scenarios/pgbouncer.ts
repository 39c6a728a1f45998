import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { people, serve } from '../helpers/gatehouse.ts'
import { startPostgres } from '../helpers/postgres.ts'
import { allTitles, judge, longest, type Scenario } from '../helpers/scenario.ts'
import { startPgBouncer } from '../helpers/services.ts'
import { watchPostgres, watchService } from '../helpers/watch.ts'
import { startLoad } from '../helpers/writers.ts'

/** PgBouncer in transaction mode, killed and restarted, and paused. */
export const scenario: Scenario = {
  inCi: true,
  async run(sandbox) {
    const times = sandbox.short ? 2 : 10
    const postgres = await startPostgres(sandbox)
    const pooler = await startPgBouncer(sandbox, postgres.url)
    const settings = { DATABASE_URL: pooler.url, DATABASE_DIRECT_URL: postgres.url }
    const gatehouse = await serve(sandbox, settings)
    const tokens = await people(gatehouse.url, 8)

    async function admin(command: string): Promise<void> {
      const client = new pg.Client({ connectionString: pooler.adminUrl })
      client.on('error', () => {})
      await client.connect()
      await client.query(command).finally(() => client.end())
    }
    const faults: [string, () => Promise<unknown>, () => Promise<unknown>][] = [
      ['PgBouncer killed', () => pooler.kill(), () => pooler.start()],
      ['PgBouncer paused', () => admin('PAUSE'), () => admin('RESUME')]
    ]
    const rows = []
    for (const [fault, strike, mend] of faults) {
      const load = startLoad({ url: gatehouse.url, people: tokens })
      const service = watchService(gatehouse.url, tokens[0])
      const bare = watchPostgres(pooler.url)
      const behind: number[] = []
      for (let round = 0; round < times; round++) {
        await sleep(1_000 + Math.random() * 500)
        await strike()
        await sleep(500 + Math.random() * 1_500)
        const down = performance.now()
        await mend()
        const [ready, answered] = await Promise.all([bare.answersAfter(down), service.answersAfter(down)])
        behind.push(answered - ready)
      }
      const ledger = await load.stop()
      const longestOutage = await service.stop()
      await bare.stop()
      const complaints = gatehouse.hasEnded() ? [`the process ended: ${gatehouse.output()}`] : []
      if (longest(behind) > 1_000) complaints.push(`it answered ${longest(behind)} ms after PgBouncer`)
      const titles = (await postgres.ask<{ title: string }>(allTitles)).map(({ title }) => title)
      const told = `answers at most ${longest(behind)} ms after PgBouncer does`
      rows.push(judge(fault, ledger, titles, { times, longestOutage, complaints, told }))
    }
    return rows
  }
}
