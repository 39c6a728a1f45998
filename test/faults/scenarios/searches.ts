import { randomBytes, randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { signUp } from '../../../bench/helpers/http.ts'
import { median, quantile } from '../../../bench/helpers/statistics.ts'
import type { NewTask } from '../../../schemas/tasks.ts'
import { openDatabase } from '../../../src/database/connection.ts'
import { createLog } from '../../../src/logging/log.ts'
import { tasksRepository } from '../../../src/repositories/tasks.ts'
import { people, serve } from '../helpers/gatehouse.ts'
import { startPostgres } from '../helpers/postgres.ts'
import { startRate } from '../helpers/rate.ts'
import type { Sandbox } from '../helpers/sandbox.ts'
import { judgeAnswers, longest, type Scenario } from '../helpers/scenario.ts'

/** Bytes of each description, and searches at once. */
const size = 10_000
const concurrent = 20
/** Milliseconds that one search may take alone, and within which 99 of 100 requests of others are answered. */
const limits = { search: 50, others: 250 }

/** One user searches many long tasks without a pause and finds nothing, while others want to be served. */
export const scenario: Scenario = {
  inCi: true,
  isAlone: true,
  async run(sandbox, say) {
    const postgres = await startPostgres(sandbox)
    const rows = [await attack(sandbox, 'PostgreSQL', { DATABASE_URL: postgres.url }, say)]
    if (!sandbox.short)
      rows.push(await attack(sandbox, 'embedded', { DATA_DIR: join(sandbox.directory, 'searches') }, say))
    return rows
  }
}

/** Adds tasks in one transaction, which takes less time than requests. */
async function insert(databaseUrl: string, userId: string, all: NewTask[]): Promise<void> {
  const db = openDatabase({ databaseUrl, dataDir: '' }, createLog('silent'))
  await db.transaction().execute(async (trx) => {
    const repository = tasksRepository(trx)
    for (const task of all) await repository.insert(userId, task)
  })
  await db.destroy()
}

async function attack(sandbox: Sandbox, engine: string, settings: Record<string, string>, say: (text: string) => void) {
  const tasks = sandbox.short ? 3_000 : 10_000
  const gatehouse = await serve(sandbox, settings)
  const [other] = await people(gatehouse.url, 1)
  const { user, access_token: searcher } = await signUp(gatehouse.call)
  const all = Array.from({ length: tasks }, (_, i) => ({
    title: `Task ${i}`,
    description: randomBytes(size / 2).toString('hex')
  }))
  say(`${engine}: ${tasks} tasks`)
  if (settings.DATABASE_URL) await insert(settings.DATABASE_URL, user.id, all)
  // Only the service itself can write to its embedded database.
  else for (const body of all) await gatehouse.call('POST', '/api/tasks', { token: searcher, body })
  const search = () => gatehouse.call('GET', `/api/tasks?q=${randomUUID()}`, { token: searcher })
  const alone: number[] = []
  for (let i = 0; i < 11; i++) alone.push((await search()).ms)

  let searching = true
  const statuses: Record<string, number> = {}
  const searches = Array.from({ length: concurrent }, async () => {
    while (searching) {
      const { status } = await search()
      statuses[status] = (statuses[status] ?? 0) + 1
      if (status !== 200) await sleep(50)
    }
  })
  let turn = 0
  const rate = startRate(50, () => {
    turn += 1
    return turn % 10 === 0
      ? { what: 'GET /health/ready', send: () => gatehouse.call('GET', '/health/ready'), wanted: 200 }
      : {
          what: 'GET /api/tasks',
          send: () => gatehouse.call('GET', '/api/tasks?limit=5', { token: other }),
          wanted: 200
        }
  })
  await sleep(10_000)
  const ledger = await rate.stop()
  searching = false
  await Promise.all(searches)
  const [took, p99] = [Math.round(median(alone)), Math.round(quantile(ledger.times, 0.99))]
  const wrong = Object.keys(statuses).filter((status) => !['200', '429', '503'].includes(status))
  const complaints = [
    ...(took > limits.search ? [`a search alone took ${took} ms`] : []),
    ...(p99 >= limits.others ? [`one in a hundred of the others waited for ${p99} ms`] : []),
    ...(wrong.length > 0 ? [`searches were answered with ${wrong}`] : [])
  ]
  const told = `a search takes ${took} ms alone; ${concurrent} at once were answered with ${JSON.stringify(statuses)}; the others waited ${p99} ms (99 %) and at most ${longest(ledger.times)} ms`
  gatehouse.signal('SIGKILL')
  await gatehouse.ended()
  return judgeAnswers(`${concurrent} searches of one user, ${engine}`, ledger, { complaints, told })
}
