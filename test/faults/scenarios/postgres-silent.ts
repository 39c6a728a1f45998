import { setTimeout as sleep } from 'node:timers/promises'
import { people, serve } from '../helpers/gatehouse.ts'
import { startPostgres } from '../helpers/postgres.ts'
import { longest, type Scenario } from '../helpers/scenario.ts'

/** Milliseconds that supervisors usually allow, from SIGTERM to the end. */
const bound = 10_000
const requests = 20

/** SIGTERM while PostgreSQL is stopped (SIGSTOP): its connections stay open, and nothing answers. */
export const scenario: Scenario = {
  inCi: true,
  async run(sandbox) {
    const times = sandbox.short ? 1 : 3
    const postgres = await startPostgres(sandbox)
    const gatehouse = await serve(sandbox, { DATABASE_URL: postgres.url })
    const [token] = await people(gatehouse.url, 1)
    const complaints: string[] = []
    const ends: Record<'idle' | 'requests in flight', number[]> = { idle: [], 'requests in flight': [] }
    let [sent, answered] = [0, 0]
    for (let round = 0; round < times; round++)
      for (const state of ['idle', 'requests in flight'] as const) {
        const before = await gatehouse.call('GET', '/api/tasks', { token })
        if (before.status !== 200) complaints.push(`it answered ${before.status} before the fault`)
        postgres.signal('SIGSTOP')
        const calls = Array.from({ length: state === 'idle' ? 0 : requests }, () =>
          gatehouse.call('GET', '/api/tasks', { token }).then(
            ({ status }) => status,
            () => 0
          )
        )
        sent += calls.length
        // So that the requests have reached the database.
        await sleep(500)
        const begin = performance.now()
        gatehouse.signal('SIGTERM')
        const code = await Promise.race([gatehouse.ended(), sleep(2 * bound, 'none' as const)])
        ends[state].push(performance.now() - begin)
        // 1 after the nine seconds that a closing service has: it could not end its connections in order.
        if (code !== 0 && code !== 1)
          complaints.push(`${state}: it ended with ${code}: ${gatehouse.output().slice(-500)}`)
        const statuses = await Promise.all(calls)
        answered += statuses.filter((status) => status > 0).length
        const wrong = statuses.filter((status) => status !== 503)
        if (wrong.length > 0) complaints.push(`requests in flight got ${wrong.join(', ')} (0: cut off)`)
        postgres.signal('SIGCONT')
        if (!gatehouse.hasEnded()) gatehouse.signal('SIGKILL')
        await gatehouse.ended()
        await gatehouse.restart()
      }
    for (const [state, took] of Object.entries(ends))
      if (longest(took) > bound) complaints.push(`${state}: it took ${longest(took)} ms to end`)
    const told = Object.entries(ends).map(([state, took]) => `${state}: out within ${longest(took)} ms`)
    const counts = { requests: sent, acknowledged: answered, lost: 0, doubled: 0, otherErrors: 0, longestOutage: 0 }
    return [
      { fault: 'SIGTERM while PostgreSQL is silent', times: 2 * times, ...counts, complaints, told: told.join(', ') }
    ]
  }
}
