import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { people, serve } from '../helpers/gatehouse.ts'
import { startPostgres, startReplica } from '../helpers/postgres.ts'
import { startRate } from '../helpers/rate.ts'
import { judgeAnswers, longest, type Scenario } from '../helpers/scenario.ts'
import { watchService } from '../helpers/watch.ts'

const settled = `select pg_last_wal_replay_lsn() = pg_last_wal_receive_lsn() as done`

/** A replica that lags by seconds, and one that is down: users read their own writes, from any process. */
export const scenario: Scenario = {
  inCi: true,
  async run(sandbox) {
    const postgres = await startPostgres(sandbox)
    const settings = { DATABASE_URL: postgres.url }
    const first = await serve(sandbox, settings)
    const replica = await startReplica(sandbox, postgres)
    const replicated = { ...settings, DATABASE_REPLICA_URL: replica.url }
    const reader = await serve(sandbox, replicated)
    first.signal('SIGTERM')
    await first.ended()
    await first.restart(replicated)
    const [token] = await people(first.url, 1)

    /** Creates a task at one process and reads it at once at the other, by id and in the list. */
    async function writeThenRead() {
      const title = randomUUID()
      const made = await first.call('POST', '/api/tasks', { token, body: { title } })
      if (made.status !== 201) return made
      const one = await reader.call('GET', `/api/tasks/${JSON.parse(made.text).id}`, { token })
      if (one.status !== 200) return one
      const list = await reader.call('GET', '/api/tasks?limit=100', { token })
      if (list.status === 200 && !list.text.includes(title)) return { ...list, status: 404, text: 'not in the list' }
      return list
    }
    const faults: [string, () => Promise<unknown>, () => Promise<unknown>][] = [
      [
        'replica lagging',
        () => replica.ask('select pg_wal_replay_pause()'),
        () => replica.ask('select pg_wal_replay_resume()')
      ],
      ['replica killed', () => replica.stopAtOnce(), () => replica.start()]
    ]
    const times = sandbox.short ? 1 : 5
    const rows = []
    for (const [fault, strike, mend] of faults) {
      const service = watchService(reader.url, token)
      const rate = startRate(20, () => ({ what: 'read of an own write', send: writeThenRead, wanted: 200 }))
      const before = await reads(replica)
      for (let round = 0; round < times; round++) {
        await sleep(1_000)
        await strike()
        await sleep(3_000)
        await mend()
      }
      for (let tries = 0; tries < 40; tries++) {
        const [row] = await replica.ask<{ done: boolean }>(settled).catch(() => [])
        if (row?.done) break
        await sleep(250)
      }
      await sleep(1_000)
      const ledger = await rate.stop()
      const after = await reads(replica)
      const longestOutage = await service.stop()
      // The counters of a killed server start at zero.
      const complaints = fault === 'replica killed' || after > before ? [] : ['the replica was never asked']
      // A busy machine occasionally lacks CPU time.
      if (ledger.counts.refused > ledger.counts.requests / 10) complaints.push(reader.output())
      const told = `${ledger.counts.refused} refused; an own write and two reads took at most ${longest(ledger.times)} ms`
      rows.push(judgeAnswers(fault, ledger, { refusals: true, times, longestOutage, complaints, told }))
    }
    return rows
  }
}

/** Rows that the replica has returned. */
async function reads(replica: { ask: <Row extends object>(sql: string) => Promise<Row[]> }): Promise<number> {
  const sql = 'select coalesce(sum(idx_scan + seq_scan), 0)::int as scans from pg_stat_user_tables'
  const [row] = await replica.ask<{ scans: number }>(sql)
  return row?.scans ?? 0
}
