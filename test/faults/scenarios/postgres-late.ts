import { setTimeout as sleep } from 'node:timers/promises'
import { until } from '../../helpers/wait.ts'
import { startGatehouse } from '../helpers/gatehouse.ts'
import { startPostgres } from '../helpers/postgres.ts'
import { startRate } from '../helpers/rate.ts'
import { judgeAnswers, longest, type Scenario } from '../helpers/scenario.ts'
import { watchPostgres } from '../helpers/watch.ts'

/** PostgreSQL starts after the service, or never. */
export const scenario: Scenario = {
  // test/process/serve.system.ts has much of it.
  inCi: false,
  async run(sandbox) {
    const times = sandbox.short ? 2 : 5
    const postgres = await startPostgres(sandbox)
    const complaints: string[] = []
    const behind: number[] = []
    const gatehouse = await startGatehouse(sandbox, { DATABASE_URL: postgres.url })
    await gatehouse.listening()
    for (let round = 0; round < times; round++) {
      gatehouse.signal('SIGKILL')
      await gatehouse.ended()
      await postgres.stopAtOnce()
      const bare = watchPostgres(postgres.url)
      const started = gatehouse.restart()
      const isWaiting = () => /waiting for the database/.test(gatehouse.output()) || gatehouse.hasEnded()
      await until('Gatehouse to wait for the database', isWaiting)
      const down = performance.now()
      await postgres.start()
      const ready = await bare.answersAfter(down)
      await started
      behind.push(performance.now() - ready)
      await bare.stop()
    }
    const rate = startRate(50, () => ({
      what: 'GET /health',
      wanted: 200,
      send: () => gatehouse.call('GET', '/health')
    }))
    await sleep(1_000)
    const ledger = await rate.stop()
    // The first attempt that reaches PostgreSQL (they are 250 ms apart), plus the check of migrations.
    if (longest(behind) > 2_000) complaints.push(`it served ${longest(behind)} ms after PostgreSQL`)

    await postgres.stopAtOnce()
    const patient = await startGatehouse(sandbox, { DATABASE_URL: postgres.url, DATABASE_WAIT: '2s' })
    const code = await patient.ended()
    if (code !== 1 || !/^Gatehouse did not start\./m.test(patient.output()))
      complaints.push(`it did not give up properly: ${code} ${patient.output()}`)
    const told = `serves at most ${longest(behind)} ms after PostgreSQL; gives up after DATABASE_WAIT`
    return [judgeAnswers('PostgreSQL down at the start', ledger, { times, complaints, told })]
  }
}
