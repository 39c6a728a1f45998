import { setTimeout as sleep } from 'node:timers/promises'
import { connectTo, logIn, password, signUp } from '../../../bench/helpers/http.ts'
import { secret, serve, startGatehouse } from '../helpers/gatehouse.ts'
import { startPostgres } from '../helpers/postgres.ts'
import { startRate } from '../helpers/rate.ts'
import type { Sandbox } from '../helpers/sandbox.ts'
import { judgeAnswers, longest, type Scenario } from '../helpers/scenario.ts'
import { startHaproxy } from '../helpers/services.ts'
import { watchService } from '../helpers/watch.ts'

const newSecret = 'another-long-value-that-only-the-faults-know'

async function twoBehindHaproxy(sandbox: Sandbox) {
  const postgres = await startPostgres(sandbox)
  const settings = { DATABASE_URL: postgres.url, DRAIN_DELAY: '2s', BETTER_AUTH_SECRETS: `1:${secret}` }
  const first = await serve(sandbox, settings)
  const second = await startGatehouse(sandbox, settings)
  await second.listening()
  const haproxy = await startHaproxy(sandbox, [first.port, second.port])
  await sleep(1_000)
  return { processes: [first, second], haproxy, url: haproxy.url }
}

type Processes = Awaited<ReturnType<typeof twoBehindHaproxy>>['processes']

/** Restarts the processes one after the other, and waits each time until HAProxy has noticed. Returns complaints. */
async function restartInTurn(processes: Processes, settings: Record<string, string>, drains: number[]) {
  const complaints: string[] = []
  for (const gatehouse of processes) {
    const begin = performance.now()
    gatehouse.signal('SIGTERM')
    if ((await gatehouse.ended()) !== 0) complaints.push(`a process ended badly: ${gatehouse.output()}`)
    drains.push(performance.now() - begin)
    await gatehouse.restart(settings)
    await sleep(1_500)
  }
  return complaints
}

/** A rolling restart of two processes behind HAProxy, and a rotation of the secret, under load. */
export const scenario: Scenario = {
  inCi: true,
  async run(sandbox) {
    const { processes, haproxy, url } = await twoBehindHaproxy(sandbox)
    const call = connectTo(url)
    const accounts: Awaited<ReturnType<typeof signUp>>[] = []
    for (let i = 0; i < 4; i++) accounts.push(await signUp(call))
    const tokens = accounts.map(({ access_token }) => access_token)
    let turn = 0

    function act() {
      turn += 1
      const token = tokens[turn % tokens.length]
      const account = accounts[turn % accounts.length]
      if (turn % 100 === 0 && account)
        return {
          what: 'POST /api/auth/login',
          wanted: 200,
          async send() {
            const body = { email: account.email, password }
            const answer = await call('POST', '/api/auth/login', { body })
            // From now on a client works with the newest token.
            if (answer.status === 200) tokens[tokens.length] = JSON.parse(answer.text).access_token
            return answer
          }
        }
      if (turn % 4 === 0)
        return {
          what: 'POST /api/tasks',
          wanted: 201,
          send: () => call('POST', '/api/tasks', { token, body: { title: `turn ${turn}` } })
        }
      return { what: 'GET /api/auth/me', wanted: 200, send: () => call('GET', '/api/auth/me', { token }) }
    }

    async function during(fault: string, steps: Record<string, string>[]) {
      const rate = startRate(200, act)
      const service = watchService(url, tokens[0])
      const drains: number[] = []
      const complaints = []
      for (const settings of steps) complaints.push(...(await restartInTurn(processes, settings, drains)))
      const ledger = await rate.stop()
      const told = `each process was out within ${longest(drains)} ms, DRAIN_DELAY's 2 s among them`
      if (longest(drains) > 12_000) complaints.push(`a process took ${longest(drains)} ms to end`)
      if (complaints.length + ledger.counts.refused + ledger.counts.cut > 0) complaints.push(haproxy.output())
      const found = { times: drains.length, complaints, told, longestOutage: await service.stop() }
      return judgeAnswers(fault, ledger, found)
    }

    // A rotation of the secrets restarts them, too.
    const restarts = sandbox.short ? [] : [await during('restarted in turn behind HAProxy', Array(3).fill({}))]
    const rotation = await during('secrets rotated behind HAProxy', [
      // Every process must know the new secret before one signs with it.
      { BETTER_AUTH_SECRETS: `1:${secret},2:${newSecret}` },
      { BETTER_AUTH_SECRETS: `2:${newSecret},1:${secret}` }
    ])
    for (const account of accounts) await logIn(call, account)
    return [...restarts, rotation]
  }
}
