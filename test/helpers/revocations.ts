import { mock } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import type { Test } from 'tap'
import { ALWAYS } from '../../src/auth/revocations/revocation-table.ts'
import { type Announcements, createRevocations } from '../../src/auth/revocations/revocations.ts'
import type { OwnToken } from '../../src/auth/tokens/claims.ts'
import type { Revocation } from '../../src/repositories/revocations.ts'

/** Revocations on a fake database that can be paused, broken and replaced, with manual clocks. */
export function startRevocations(t: Test, { alone = false, holdsTimeouts = false } = {}) {
  const start = 1_800_000_000_000
  const database = {
    ...{ horizon: 10, questions: 0, all: 0, error: undefined as Error | undefined, gate: Promise.resolve() },
    /** What happens during each question. */
    meanwhile: () => {}
  }
  const time = { elapsed: 0, clock: start }
  const rows: (Revocation & { xid: number })[] = []
  const listeners: Parameters<Announcements>[0][] = []
  let stopped = 0

  async function answer() {
    database.questions += 1
    const { horizon, error, gate } = database
    const found = { horizon: String(horizon), rows: [...rows] }
    await gate
    database.meanwhile()
    if (error) throw error
    return found
  }
  const repository = {
    async readAll(take: (rows: Revocation[]) => void) {
      database.all += 1
      const { horizon, rows } = await answer()
      take(rows)
      return horizon
    },
    async readSince(before: string) {
      const { horizon, rows } = await answer()
      return { horizon, rows: rows.filter(({ xid }) => xid >= Number(before)) }
    },
    async insert(row: Revocation) {
      rows.push({ ...row, xid: database.horizon })
      return []
    }
  }
  const announcements: Announcements = (listener) => {
    listeners.push(listener)
    return { stop: () => (stopped += 1) }
  }
  mock.timers.enable({ apis: holdsTimeouts ? ['setInterval', 'setTimeout'] : ['setInterval'] })
  const revocations = createRevocations(
    repository,
    { accessTokenTtl: 3600, announcements: alone ? undefined : announcements },
    { clock: () => time.clock, elapsed: () => time.elapsed }
  )
  t.teardown(() => {
    revocations.stop()
    mock.timers.reset()
  })

  const token = (sessionId: string = crypto.randomUUID()): OwnToken => ({
    issuer: null,
    subject: crypto.randomUUID(),
    email: 'ann@example.com',
    name: undefined,
    sessionId,
    authTime: undefined,
    amr: [],
    role: 'user' as const,
    issuedAt: start / 1000 - 60,
    expiresAt: start / 1000 + 600
  })

  /** Ends a session as another process would. */
  function end({ sessionId }: OwnToken): void {
    rows.push({ key: sessionId, cutoff: ALWAYS, expires: start / 1000 + 600, xid: database.horizon })
  }

  /** Advances the clock while the process runs. */
  async function pass(milliseconds: number): Promise<void> {
    for (let left = milliseconds; left > 0; left -= 100) {
      time.elapsed += 100
      time.clock += 100
      mock.timers.tick(100)
      await setImmediate()
    }
  }

  return { revocations, database, time, rows, listeners, token, end, pass, stops: () => stopped }
}
