import { randomInt, randomUUID } from 'node:crypto'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { quantile } from '../../../bench/helpers/statistics.ts'
import { type Gatehouse, people, serve } from '../helpers/gatehouse.ts'
import { startPostgres } from '../helpers/postgres.ts'
import { startRate } from '../helpers/rate.ts'
import { judgeAnswers, type Scenario } from '../helpers/scenario.ts'
import { startRedis } from '../helpers/services.ts'
import { startSlowProxy } from '../helpers/slow-proxy.ts'

/** Calls per minute of an address, and wrong passwords of an address for an account, that one process allows. */
const limits = { calls: 100, guesses: 10 }

const nobody = { refresh_token: 'x'.repeat(43) }

/** Injects a fault, and repairs it. */
type Fault = [() => unknown, () => unknown]

type Times = Record<'shared' | 'alone', Record<'reads' | 'refreshes', number[]>>

const address = () => `10.${randomInt(256)}.${randomInt(256)}.${randomInt(256)}`

/** The number of calls allowed, alternating between processes. */
async function untilLimited(processes: Gatehouse[], path: string, body: object, most: number) {
  const headers = { 'x-forwarded-for': address() }
  let through = 0
  for (let asked = 0; asked < most; asked++) {
    const answer = await processes[asked % processes.length]?.call('POST', path, { body, headers })
    if (answer?.status === 401) through += 1
    else if (answer?.status !== 429) return `${path}: ${answer?.status} ${answer?.text}`
  }
  return through
}

/** Redis down, hung, slow and emptied repeatedly: limits still apply, and requests do not wait for it. */
export const scenario: Scenario = {
  inCi: true,
  isAlone: true,
  async run(sandbox) {
    const postgres = await startPostgres(sandbox)
    const redis = await startRedis(sandbox)
    const proxy = await startSlowProxy(sandbox, redis.port)
    const shared = { REDIS_URL: `redis://127.0.0.1:${proxy.port}/0`, TRUST_PROXY: '127.0.0.1/32' }
    const limited = { RATE_LIMIT_ENABLED: 'true', RATE_LIMIT_AUTH: String(limits.calls) }
    const settings = { DATABASE_URL: postgres.url, ...shared, ...limited }
    const processes = [await serve(sandbox, settings), await serve(sandbox, settings)]
    const [one] = processes as [Gatehouse]
    const control = await serve(sandbox, { ...settings, REDIS_URL: '' })
    const [token] = await people(one.url, 1)

    let flushing: NodeJS.Timeout | undefined
    const flush = () => {
      const socket = connect(redis.port, '127.0.0.1', () => socket.end('FLUSHALL\r\n'))
      socket.on('error', () => {})
      socket.resume()
    }
    const faults: [string, Fault][] = [
      ['Redis well', [() => {}, () => {}]],
      ['Redis down', [() => redis.kill(), () => redis.start()]],
      ['Redis hung', [() => redis.signal('SIGSTOP'), () => redis.signal('SIGCONT')]],
      ['Redis slow by 80 ms', [() => (proxy.delay.ms = 80), () => (proxy.delay.ms = 0)]],
      ['Redis slow by 2 s', [() => (proxy.delay.ms = 2_000), () => (proxy.delay.ms = 0)]],
      ['Redis emptied', [() => (flushing = setInterval(flush, 100)), () => clearInterval(flushing)]]
    ]

    /** Half of the load calls limited routes, from separate addresses; half of each uses the process without Redis. */
    const load = (times: Times) => {
      let turn = 0
      return startRate(80, () => {
        turn += 1
        const process = turn % 2 ? one : control
        const kind = turn % 4 < 2 ? 'reads' : 'refreshes'
        return {
          what: kind,
          wanted: kind === 'reads' ? 200 : 401,
          async send() {
            const answer = await (kind === 'reads'
              ? process.call('GET', '/api/tasks', { token })
              : process.call('POST', '/api/auth/refresh', { body: nobody, headers: { 'x-forwarded-for': address() } }))
            times[process === one ? 'shared' : 'alone'][kind].push(answer.ms)
            return answer
          }
        }
      })
    }

    async function round(fault: string, [strike, mend]: Fault) {
      const times: Times = { shared: { reads: [], refreshes: [] }, alone: { reads: [], refreshes: [] } }
      const during = load(times)
      await strike()
      const calls = await untilLimited(processes, '/api/auth/refresh', nobody, 3 * limits.calls)
      const login = { email: `${randomUUID()}@example.com`, password: 'wrong-horse-8' }
      const guesses = await untilLimited(processes, '/api/auth/login', login, 4 * limits.guesses)
      await sleep(sandbox.short ? 3_000 : 6_000)
      const ledger = await during.stop()
      await mend()
      await sleep(1_500)

      // Compared with a process without Redis at the same time, because the machine may have become slower for both.
      const { shared, alone } = times
      const grew = (kind: keyof typeof alone) => quantile(shared[kind], 0.99) - quantile(alone[kind], 0.99)
      const growth = Math.max(grew('reads'), grew('refreshes'))
      const complaints: string[] = []
      // Shared limits or, while Redis is down, separate ones.
      const factor = fault === 'Redis well' ? 1 : processes.length
      if (!(Number(calls) <= factor * limits.calls)) complaints.push(`calls let through: ${calls}`)
      if (!(Number(guesses) <= factor * limits.guesses)) complaints.push(`guesses let through: ${guesses}`)
      // Three services on a busy machine occasionally lack CPU time.
      if (ledger.counts.refused > ledger.counts.requests / 50) complaints.push(`${ledger.counts.refused} were refused`)
      return { growth, complaints, ledger, through: `let through: ${calls} calls and ${guesses} guesses` }
    }

    const inCi = ['Redis down', 'Redis hung', 'Redis slow by 80 ms']
    const rows = []
    for (const [fault, acts] of faults) {
      if (sandbox.short && !inCi.includes(fault)) continue
      const growths: number[] = []
      const complaints: string[] = []
      let last: Awaited<ReturnType<typeof round>>
      // A wait for Redis occurs every time; a busy machine does not.
      do {
        last = await round(fault, acts)
        growths.push(Math.round(last.growth))
        complaints.push(...last.complaints)
      } while (last.growth > 250 && growths.length < 3)
      if (last.growth > 250) complaints.push('the 99th percentile is over 250 ms above that without Redis')
      const told = `p99 ${growths.join(', then ')} ms above that without Redis; ${last.through}`
      rows.push(judgeAnswers(fault, last.ledger, { refusals: true, times: growths.length, complaints, told }))
    }
    return rows
  }
}
