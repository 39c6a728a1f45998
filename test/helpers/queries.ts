import { AsyncLocalStorage } from 'node:async_hooks'
import type { FastifyInstance } from 'fastify'
import type { Test } from 'tap'
import { shortcutOf } from '../../src/database/prepared.ts'

/** A request may be the one that polls for revocations, or that wakes the sender of mails or the sealer of events. */
const ownAccord = /pg_current_snapshot|from "revocations"|^update "mails"|gatehouse audit/

/**
 * Counts the queries that an action causes: `await queriesOf(() => ann.get('/api/tasks'))`. Queries of timers and of
 * requests that began earlier do not count.
 */
export function countQueries(t: Test, app: FastifyInstance): (action: () => unknown) => Promise<number> {
  const counters = new AsyncLocalStorage<{ count: number }>()

  function count(sql: string): void {
    const counter = counters.getStore()
    if (counter && !ownAccord.test(sql)) counter.count += 1
  }

  const executor = app.db.getExecutor()
  const execute = executor.executeQuery.bind(executor)
  t.capture(executor, 'executeQuery', (...args: Parameters<typeof execute>) => {
    count(args[0].sql)
    return execute(...args)
  })
  const shortcut = shortcutOf(app.db)
  if (shortcut) {
    const query = shortcut.query.bind(shortcut)
    t.capture(shortcut, 'query', (config: Parameters<typeof query>[0]) => {
      count(config.text)
      return query(config)
    })
  }

  return async (action) => {
    const counter = { count: 0 }
    await counters.run(counter, async () => action())
    return counter.count
  }
}
