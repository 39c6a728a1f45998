import { once } from 'node:events'
import { connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { quantile } from '../../../bench/helpers/statistics.ts'
import { people, serve } from '../helpers/gatehouse.ts'
import { startPostgres } from '../helpers/postgres.ts'
import { startRate } from '../helpers/rate.ts'
import type { Sandbox } from '../helpers/sandbox.ts'
import { judgeAnswers, longest, type Scenario } from '../helpers/scenario.ts'
import { useWithReading, watchMemory } from '../helpers/unreading-clients.ts'

const connections = 64
/** Slow readers take 64 KB at a time, twice a second: eight seconds for the largest page. */
const pause = 500
/** Megabytes that the service may grow by, and milliseconds within which 99 of 100 others are answered. */
const limits = { growth: 64, others: 250 }

/** Requests one page, reads it slowly, and returns how much of it came. */
async function readSlowly(port: number, request: string, isOver: () => boolean): Promise<{ complete: boolean }> {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => {})
  await once(socket, 'connect')
  socket.write(request)
  let received = 0
  let wanted = Number.POSITIVE_INFINITY
  socket.on('data', (chunk: Buffer) => {
    if (received === 0) {
      const head = chunk.toString('latin1')
      wanted = head.indexOf('\r\n\r\n') + 4 + Number(/content-length: (\d+)/i.exec(head)?.[1])
    }
    received += chunk.length
    socket.pause()
    if (received < wanted) setTimeout(() => socket.resume(), pause)
    else socket.destroy()
  })
  while (!socket.destroyed && !isOver()) await sleep(100)
  socket.destroy()
  return { complete: received >= wanted }
}

/** Clients that read the largest pages slowly, while others want to be served. */
export const scenario: Scenario = {
  inCi: true,
  isAlone: true,
  async run(sandbox) {
    const postgres = await startPostgres(sandbox)
    const rows = [await attack(sandbox, 'PostgreSQL', { DATABASE_URL: postgres.url })]
    if (!sandbox.short) rows.push(await attack(sandbox, 'embedded', { DATA_DIR: join(sandbox.directory, 'readers') }))
    return rows
  }
}

async function attack(sandbox: Sandbox, engine: string, settings: Record<string, string>) {
  const gatehouse = await serve(sandbox, settings)
  const [reader, other] = await people(gatehouse.url, 2)
  // Six bytes a character in JSON.
  const body = { title: 'costly', description: '\u0001'.repeat(10_000) }
  for (let i = 0; i < 20; i++) await gatehouse.call('POST', '/api/tasks', { token: reader, body })
  const page = '/api/tasks?limit=100'
  await useWithReading(gatehouse, connections, () => [
    ['/api/tasks?limit=5', other],
    [page, reader]
  ])
  const memory = watchMemory(gatehouse.pid())
  const request = `GET ${page} HTTP/1.1\r\nHost: gatehouse\r\nAuthorization: Bearer ${reader}\r\n\r\n`
  const rate = startRate(50, () => ({
    what: 'GET /api/tasks',
    send: () => gatehouse.call('GET', '/api/tasks?limit=5', { token: other }),
    wanted: 200
  }))
  const end = performance.now() + 30_000
  const isOver = () => performance.now() > end
  const readers = await Promise.all(
    Array.from({ length: connections }, () => readSlowly(gatehouse.port, request, isOver))
  )
  const ledger = await rate.stop()
  const { before, growth } = memory.stop()
  const complete = readers.filter((reader) => reader.complete).length
  const p99 = Math.round(quantile(ledger.times, 0.99))
  const complaints = [
    ...(growth >= limits.growth ? [`it grew by ${growth} MB`] : []),
    ...(p99 >= limits.others ? [`one in a hundred of the others waited for ${p99} ms`] : []),
    ...(complete === 0 ? ['no slow reader got its page'] : [])
  ]
  const told = `from ${before} MB by ${growth} MB; ${complete} of ${connections} slow readers got the whole page; the others waited ${p99} ms (99 %) and at most ${longest(ledger.times)} ms`
  gatehouse.signal('SIGKILL')
  await gatehouse.ended()
  return judgeAnswers(`${connections} slow readers of large pages, ${engine}`, ledger, {
    times: connections,
    complaints,
    told
  })
}
