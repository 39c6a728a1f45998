import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { PGlite } from '@electric-sql/pglite'
import { people, serve } from '../helpers/gatehouse.ts'
import { allTitles, judge, type Scenario } from '../helpers/scenario.ts'
import { watchService } from '../helpers/watch.ts'
import { startLoad } from '../helpers/writers.ts'

/** kill -9 of the service with its embedded database. */
export const scenario: Scenario = {
  inCi: true,
  async run(sandbox) {
    const times = sandbox.short ? 2 : 20
    const folder = join(sandbox.directory, 'embedded')
    const gatehouse = await serve(sandbox, { DATA_DIR: folder })
    const tokens = await people(gatehouse.url, 8)
    const load = startLoad({ url: gatehouse.url, people: tokens })
    const watch = watchService(gatehouse.url, tokens[0])
    for (let round = 0; round < times; round++) {
      await sleep(1_000 + Math.random() * 500)
      const killed = performance.now()
      gatehouse.signal('SIGKILL')
      await gatehouse.ended()
      await gatehouse.restart()
      await watch.answersAfter(killed)
    }
    const ledger = await load.stop()
    const longestOutage = await watch.stop()
    gatehouse.signal('SIGKILL')
    await gatehouse.ended()
    const database = await PGlite.create(join(folder, 'database'))
    const { rows } = await database.query<{ title: string }>(allTitles)
    await database.close()
    const titles = rows.map(({ title }) => title)
    return [judge('kill -9 with the embedded database', ledger, titles, { times, longestOutage })]
  }
}
