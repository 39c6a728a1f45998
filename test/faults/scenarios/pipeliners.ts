import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { quantile } from '../../../bench/helpers/statistics.ts'
import { people, serve } from '../helpers/gatehouse.ts'
import { startPostgres } from '../helpers/postgres.ts'
import { startRate } from '../helpers/rate.ts'
import type { Sandbox } from '../helpers/sandbox.ts'
import { judgeAnswers, longest, type Scenario } from '../helpers/scenario.ts'
import { startUnreadingClients, useWithReading, watchMemory } from '../helpers/unreading-clients.ts'

const connections = 64
/** Requests that each connection sends at once. */
const pipelined = 1_600
/**
 * Megabytes that the service may grow by: two a client, a third of one page of costly tasks. And the milliseconds in which
 * 99 % of the other requests must be answered.
 */
const limits = { growth: 2 * connections, others: 250 }
/** Six bytes a character in JSON. */
const costly = { title: 'costly', description: '\u0001'.repeat(10_000) }

/** The scripts of a build of the front end; without one there is no such attack. */
function scripts(): string[] {
  try {
    return readdirSync(new URL('../../../web/dist/assets', import.meta.url)).filter((name) => name.endsWith('.js'))
  } catch {
    return []
  }
}

/** Clients that write requests and never read an answer, while other clients are served. */
export const scenario: Scenario = {
  inCi: true,
  isAlone: true,
  async run(sandbox) {
    const postgres = await startPostgres(sandbox)
    const engines: [string, (i: number) => Record<string, string>][] = [
      ['PostgreSQL', () => ({ DATABASE_URL: postgres.url })],
      ['embedded', (i) => ({ DATA_DIR: join(sandbox.directory, `embedded-${i}`) })]
    ]
    const attacks: [string, string[]][] = [
      ['the contract', ['/openapi.json']],
      ['pages of costly tasks', ['/api/tasks?limit=100']],
      ['searches for costly tasks', ['/api/tasks?limit=100&q=costly']],
      ['files of the web app', scripts().map((name) => `/assets/${name}`)]
    ]
    const rows = []
    for (const [engine, settings] of engines)
      for (const [i, [what, paths]] of attacks.entries()) {
        // On PostgreSQL, slow readers show the same.
        if (paths.length === 0 || (sandbox.short && (i !== 1 || engine === 'PostgreSQL'))) continue
        rows.push(await attack(sandbox, `${connections} clients pipeline ${what}, ${engine}`, settings(i), paths))
      }
    return rows
  }
}

async function attack(sandbox: Sandbox, fault: string, settings: Record<string, string>, paths: string[]) {
  const gatehouse = await serve(sandbox, settings)
  const [attacker, other] = await people(gatehouse.url, 2)
  for (let i = 0; i < 100; i++) {
    await gatehouse.call('POST', '/api/tasks', { token: attacker, body: costly })
    await gatehouse.call('POST', '/api/tasks', { token: other, body: { title: `Task ${i}` } })
  }
  await useWithReading(gatehouse, connections, (i) => [
    ['/api/tasks?limit=5', other],
    [paths[i % paths.length] ?? '', attacker]
  ])
  const memory = watchMemory(gatehouse.pid())
  const requests = Array.from({ length: pipelined }, (_, i) => {
    const path = paths[i % paths.length]
    return `GET ${path} HTTP/1.1\r\nHost: gatehouse\r\nAuthorization: Bearer ${attacker}\r\n\r\n`
  })
  const clients = startUnreadingClients(gatehouse.port, connections, requests.join(''))
  const rate = startRate(50, () => ({
    what: 'GET /api/tasks',
    send: () => gatehouse.call('GET', '/api/tasks?limit=5', { token: other }),
    wanted: 200
  }))
  await sleep(sandbox.short ? 10_000 : 20_000)
  const ledger = await rate.stop()
  const { before, growth } = memory.stop()
  const cuts = clients.stop()
  const p99 = Math.round(quantile(ledger.times, 0.99))
  const complaints = [
    ...(growth >= limits.growth ? [`it grew by ${growth} MB`] : []),
    ...(p99 >= limits.others ? [`one in a hundred of the others waited for ${p99} ms`] : []),
    ...(gatehouse.hasEnded() ? [`it ended: ${gatehouse.output()}`] : [])
  ]
  const told = `from ${before} MB by ${growth} MB; the others waited ${p99} ms (99 %) and at most ${longest(ledger.times)} ms; cut ${cuts} times`
  gatehouse.signal('SIGKILL')
  await gatehouse.ended()
  return judgeAnswers(fault, ledger, { times: connections, complaints, told })
}
