import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { connectTo } from '../../../bench/helpers/http.ts'

/** Maximum number of concurrent probes. */
const most = 40

interface Success {
  asked: number
  answered: number
}

/** Probes repeatedly, without waiting for answers, and records successes. Times as in performance.now(). */
function watch(probe: () => Promise<boolean>, every: number) {
  const begin = performance.now()
  const successes: Success[] = []
  const asking = new Set<Promise<void>>()
  const timer = setInterval(() => {
    if (asking.size >= most) return
    const asked = performance.now()
    const question = probe()
      .then((well) => void (well && successes.push({ asked, answered: performance.now() })))
      .catch(() => {})
      .finally(() => asking.delete(question))
    asking.add(question)
  }, every)

  return {
    /** Returns when a probe sent after `moment` first succeeded; fails after `within` milliseconds. */
    async answersAfter(moment: number, within = 30_000): Promise<number> {
      for (const end = performance.now() + within; performance.now() < end; await sleep(5)) {
        const first = successes.find(({ asked }) => asked > moment)
        if (first) return first.answered
      }
      throw new Error(`No answer within ${within} ms`)
    },
    /** Stops. Returns the longest time without an answer in milliseconds. */
    async stop(): Promise<number> {
      clearInterval(timer)
      const end = performance.now()
      await Promise.all(asking)
      const answers = successes.map(({ answered }) => answered).sort((a, b) => a - b)
      const moments = [begin, ...answers.filter((moment) => moment < end), end]
      return Math.max(...moments.slice(1).map((moment, i) => moment - (moments[i] ?? 0)))
    }
  }
}

/** Whether the service answers a request that uses the database. */
export function watchService(url: string, token: string | undefined, path = '/api/tasks?limit=1') {
  const call = connectTo(url)
  for (let i = 0; i < most; i++) call('GET', '/health/live').catch(() => {})
  return watch(async () => (await call('GET', path, { token })).status === 200, 50)
}

/** Whether PostgreSQL answers, on a new connection each time. */
export function watchPostgres(url: string) {
  return watch(async () => {
    const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 1_000, query_timeout: 1_000 })
    client.on('error', () => {})
    try {
      await client.connect()
      await client.query('select 1')
      return true
    } finally {
      client.end().catch(() => {})
    }
  }, 50)
}

export type Watch = ReturnType<typeof watch>
