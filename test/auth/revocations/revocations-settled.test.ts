import { mock } from 'node:test'
import { test } from 'tap'
import { startRevocations } from '../../helpers/revocations.ts'

test('a poll from before a commit does not make revoked tokens acceptable', async (t) => {
  const { revocations, database, token, end } = startRevocations(t, { alone: true, holdsTimeouts: true })
  await revocations.catchUp()
  const bad = token()
  const { promise: late, resolve: answer } = Promise.withResolvers<void>()
  database.gate = late
  const before = revocations.catchUp()
  end(bad)
  const settled = revocations.settle()
  mock.timers.tick(2_000)
  await settled
  answer()
  await before
  t.notOk(revocations.isFresh(), 'not until somebody asks again')
  await t.rejects(Promise.resolve(revocations.check(bad)), { code: 'token_revoked' })
})
