import { test } from 'tap'
import { type Change, createChangeLimit } from '../../../src/auth/throttle/changes.ts'
import { createWindows } from '../../../src/redis/windows.ts'

/** An hour. */
const maxChanges = 100

/** A limit with a manual clock, and a change that succeeds. */
function start({ enabled = true } = {}) {
  let now = 0
  const windows = createWindows(undefined, { kind: 'changes', maxEntries: 1_000, clock: () => now })
  const limitChanges = createChangeLimit({ enabled }, windows)
  const make = (user: string, change: Change = 'token.created') => limitChanges(change, user, async () => 'made')
  const pass = (milliseconds: number) => {
    now += milliseconds
  }
  return { limitChanges, make, pass }
}

test('a user makes a bounded number of changes of each kind in an hour', async (t) => {
  const { make, pass } = start()
  const all = await Promise.allSettled(Array.from({ length: maxChanges + 50 }, () => make('ann')))
  t.equal(all.filter(({ status }) => status === 'fulfilled').length, maxChanges)
  await t.rejects(make('ann'), { code: 'too_many_requests', headers: { 'retry-after': '3600' } })
  t.equal(await make('ann', 'totp.on'), 'made', 'another kind')
  t.equal(await make('ben'), 'made', 'another user')
  pass(3_600_000)
  t.equal(await make('ann'), 'made', 'in the next hour')
})

test('a change that fails is not counted', async (t) => {
  const { limitChanges, make } = start()
  for (let i = 0; i < 2 * maxChanges; i++)
    await t.rejects(
      limitChanges('password.changed', 'ann', () => Promise.reject(new Error('wrong password'))),
      { message: 'wrong password' }
    )
  t.equal(await make('ann', 'password.changed'), 'made')
})

test('with RATE_LIMIT_ENABLED=false every change is made', async (t) => {
  const { make } = start({ enabled: false })
  for (let i = 0; i <= maxChanges; i++) t.equal(await make('ann'), 'made')
})
