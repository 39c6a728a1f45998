import { setTimeout as sleep } from 'node:timers/promises'
import { people, serve } from '../helpers/gatehouse.ts'
import { startPostgres } from '../helpers/postgres.ts'
import { startRate } from '../helpers/rate.ts'
import { judgeAnswers, longest, type Scenario } from '../helpers/scenario.ts'

const perSecond = 500

/** SIGTERM under load: a client that obeys /health/ready, like a load balancer, sees no failed request. */
export const scenario: Scenario = {
  inCi: true,
  async run(sandbox) {
    const times = sandbox.short ? 1 : 5
    const postgres = await startPostgres(sandbox)
    const gatehouse = await serve(sandbox, { DATABASE_URL: postgres.url, DRAIN_DELAY: '2s' })
    const [token] = await people(gatehouse.url, 1)
    let turn = 0
    let ready = true
    const rate = startRate(perSecond, () => {
      turn += 1
      if (!ready) return undefined
      const path = turn % 5 === 0 ? '/api/tasks?limit=1' : '/api/auth/me'
      return { what: `GET ${path}`, wanted: 200, send: () => gatehouse.call('GET', path, { token }) }
    })
    const drains: number[] = []
    const complaints: string[] = []
    for (let round = 0; round < times; round++) {
      await sleep(3_000)
      const before = rate.ledger.counts.requests
      const begin = performance.now()
      gatehouse.signal('SIGTERM')
      while (ready) {
        await sleep(200)
        ready = await gatehouse.call('GET', '/health/ready').then(
          ({ status }) => status === 200,
          () => false
        )
      }
      if (rate.ledger.counts.requests === before) complaints.push('nothing was asked after SIGTERM')
      if ((await gatehouse.ended()) !== 0) complaints.push(`it ended badly: ${gatehouse.output()}`)
      drains.push(performance.now() - begin)
      await gatehouse.restart()
      ready = true
    }
    const ledger = await rate.stop()
    if (longest(drains) > 10_000) complaints.push(`it took ${longest(drains)} ms to end`)
    const told = `out within ${longest(drains)} ms, DRAIN_DELAY's 2 s among them`
    return [judgeAnswers(`SIGTERM at ${perSecond} requests a second`, ledger, { times, complaints, told })]
  }
}
