import { test } from 'tap'
import { poolsOf, registerPools } from '../../src/database/pools.ts'

test('the current use of the pools of a database is reported', async (t) => {
  const db = {}
  const primary = { totalCount: 3, idleCount: 2, waitingCount: 0 }
  t.strictSame(poolsOf(db), {})
  registerPools(db, { primary, replica: { totalCount: 1, idleCount: 1, waitingCount: 0 } })
  Object.assign(primary, { totalCount: 10, idleCount: 0, waitingCount: 7 })
  t.strictSame(poolsOf(db), {
    primary: { total: 10, idle: 0, waiting: 7 },
    replica: { total: 1, idle: 1, waiting: 0 }
  })
  t.strictSame(poolsOf({}), {}, 'and no other')
})
