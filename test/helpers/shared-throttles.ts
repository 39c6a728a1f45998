import { Redis } from 'ioredis'
import type { Test } from 'tap'
import { createSharedThrottle } from '../../src/auth/throttle/shared-throttle.ts'
import { createThrottle, type Throttle } from '../../src/auth/throttle/throttle.ts'
import { openRedis, type SharedCounts } from '../../src/redis/redis.ts'
import { captureLog } from './log.ts'
import { startRedis } from './redis-server.ts'

const nothing = { kind: 'test', lua: 'return {}' }
const secrets = [{ kid: '1', secret: 'a-long-value-that-only-the-tests-know' }]

/** As many processes' throttles on one Redis, by one clock. */
export async function startShared(t: Test, processes: number) {
  const server = await startRedis(t)
  const admin = new Redis(server.url)
  t.teardown(() => admin.disconnect())
  let now = Date.now()
  const clock = () => now
  const { log, lines } = captureLog()
  const throttles: Throttle[] = []
  const connections: SharedCounts[] = []
  for (let i = 0; i < processes; i++) {
    const shared = openRedis(server.url, secrets, log, { patience: 5_000 })
    t.teardown(shared.close)
    while ((await shared.run(nothing, [], [])) === undefined) await admin.ping()
    connections.push(shared)
    throttles.push(createSharedThrottle(createThrottle({ enabled: true }, clock), shared, clock))
  }
  const at = (i: number) => throttles[i % processes] as Throttle
  /** Until Redis has done what it was told. */
  const settle = () => Promise.all(connections.map((shared) => shared.run(nothing, [], [])))
  const pass = (milliseconds: number) => {
    now += milliseconds
  }
  return { server, admin, lines, settle, at, clock, pass }
}
