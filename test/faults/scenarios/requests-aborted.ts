import { readdirSync } from 'node:fs'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { people, serve } from '../helpers/gatehouse.ts'
import { startPostgres } from '../helpers/postgres.ts'
import { startRate } from '../helpers/rate.ts'
import { judgeAnswers, longest, type Scenario } from '../helpers/scenario.ts'

const ours = `select pid from pg_stat_activity where application_name = 'gatehouse'`
const stillAtWork = `${ours} and state <> 'idle'`
const poolSize = 10

/** Sends a request and disconnects, at once or a little later. */
const abort = (port: number, request: string) =>
  new Promise<void>((resolve) => {
    const socket = connect(port, '127.0.0.1', () =>
      socket.write(request, () => setTimeout(() => socket.destroy(), Math.random() * 5))
    )
    socket.on('error', () => {})
    socket.on('close', () => resolve())
  })

/** Clients that disconnect during their request: neither connections nor descriptors leak. */
export const scenario: Scenario = {
  inCi: true,
  async run(sandbox) {
    const times = 10_000
    const postgres = await startPostgres(sandbox)
    const gatehouse = await serve(sandbox, { DATABASE_URL: postgres.url })
    const [token] = await people(gatehouse.url, 1)
    const descriptors = () => readdirSync(`/proc/${gatehouse.pid()}/fd`).length
    const ask = () => gatehouse.call('GET', '/api/tasks', { token })
    // Fills the pool first, so that descriptors can be compared.
    for (let tries = 0; tries < 50 && (await postgres.ask(ours)).length < poolSize; tries++)
      await Promise.all(Array.from({ length: 50 }, ask))
    const before = descriptors()

    const headers = `Host: gatehouse\r\nAuthorization: Bearer ${token}\r\n`
    const body = '{"title":"aborted"}'
    const requests = [
      `GET /api/tasks HTTP/1.1\r\n${headers}\r\n`,
      `POST /api/tasks HTTP/1.1\r\n${headers}Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`
    ]
    let left = times
    async function client(): Promise<void> {
      while (left-- > 0) await abort(gatehouse.port, requests[left % 2] ?? '')
    }
    await Promise.all(Array.from({ length: 64 }, client))

    // What the clients left behind waits for its turn, and an answer to the same user comes after it.
    for (let tries = 0; tries < 20 && (await ask()).status !== 200; tries++) await sleep(250)
    let after = descriptors()
    let busy: object[] = []
    for (let tries = 0; tries < 20; tries++) {
      busy = await postgres.ask(stillAtWork)
      after = descriptors()
      if (busy.length === 0 && after <= before + 5) break
      await sleep(250)
    }
    const rate = startRate(100, () => ({ what: 'GET /api/tasks', send: ask, wanted: 200 }))
    await sleep(1_000)
    const ledger = await rate.stop()
    const complaints: string[] = []
    if (busy.length > 0) complaints.push(`${busy.length} database connections are still at work`)
    if (after > before + 5) complaints.push(`${after} descriptors, ${before} before`)
    const told = `${before} descriptors before, ${after} after; then answers within ${longest(ledger.times)} ms`
    return [judgeAnswers('requests aborted', ledger, { times, complaints, told })]
  }
}
