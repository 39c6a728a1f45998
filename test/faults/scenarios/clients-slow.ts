import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { people, serve } from '../helpers/gatehouse.ts'
import { startPostgres } from '../helpers/postgres.ts'
import { startRate } from '../helpers/rate.ts'
import { judgeAnswers, longest, type Scenario } from '../helpers/scenario.ts'
import { watchService } from '../helpers/watch.ts'

/** Sends a beginning, then a byte per second. Returns how long the connection lasted in milliseconds. */
async function drip(port: number, beginning: string): Promise<number> {
  const socket: Socket = connect(port, '127.0.0.1')
  socket.on('error', () => {})
  await once(socket, 'connect')
  const begin = performance.now()
  const closed = once(socket, 'close')
  socket.resume()
  socket.write(beginning)
  const timer = setInterval(() => socket.write('x'), 1_000)
  const patience = setTimeout(() => socket.destroy(), 30_000)
  await closed
  clearInterval(timer)
  clearTimeout(patience)
  return performance.now() - begin
}

/** Clients that never complete their headers or body, while others send requests. */
export const scenario: Scenario = {
  inCi: true,
  isAlone: true,
  async run(sandbox) {
    const postgres = await startPostgres(sandbox)
    const gatehouse = await serve(sandbox, { DATABASE_URL: postgres.url })
    const [token] = await people(gatehouse.url, 1)
    const post = `POST /api/tasks HTTP/1.1\r\nHost: gatehouse\r\nAuthorization: Bearer ${token}\r\nContent-Type: application/json`
    const kinds = [
      ['slow headers', 'GET /health/live HTTP/1.1\r\nHost: gatehouse\r\nX-Slow: '],
      ['slow bodies', `${post}\r\nContent-Length: 5000\r\n\r\n{"title":"`]
    ] as const
    // MAX_CONNECTIONS is 2,000.
    const count = sandbox.short ? 500 : 1_000
    const rows = []
    for (const together of sandbox.short ? [kinds] : kinds.map((kind) => [kind])) {
      const service = watchService(gatehouse.url, token)
      const rate = startRate(50, () => ({
        what: 'GET /api/tasks',
        send: () => gatehouse.call('GET', '/api/tasks', { token }),
        wanted: 200
      }))
      const beginnings = together.flatMap(([, beginning]) => Array<string>(count).fill(beginning))
      const kept = await Promise.all(beginnings.map((beginning) => drip(gatehouse.port, beginning)))
      const ledger = await rate.stop()
      const complaints = longest(kept) > 15_000 ? [`one was kept for ${longest(kept)} ms`] : []
      // A thousand new connections delay the event loop briefly on a busy machine.
      if (ledger.counts.refused > ledger.counts.requests / 20) complaints.push('the others were refused')
      const told = `${ledger.counts.refused} of the others refused; cut after at most ${longest(kept)} ms; the others waited at most ${longest(ledger.times)} ms`
      const found = { refusals: true, times: kept.length, complaints, told, longestOutage: await service.stop() }
      rows.push(judgeAnswers(`${kept.length} clients with ${together.map(([kind]) => kind).join(', ')}`, ledger, found))
    }
    return rows
  }
}
