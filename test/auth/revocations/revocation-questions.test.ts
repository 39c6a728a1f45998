import { test } from 'tap'
import { startRevocations } from '../../helpers/revocations.ts'

const revoked = { code: 'token_revoked' }

test('a horizon that goes back means another cluster: everything is read again', async (t) => {
  const { revocations, database, token, end } = startRevocations(t)
  await revocations.catchUp()
  database.horizon = 3
  const old = token()
  end(old)
  await revocations.catchUp()
  t.equal(database.all, 2)
  t.throws(() => revocations.check(old), revoked)
  await revocations.catchUp()
  t.equal(database.all, 2, 'once')
})

test('a hundred concurrent calls of catchUp cost two queries', async (t) => {
  const { revocations, database, token, end } = startRevocations(t)
  const gate = Promise.withResolvers<void>()
  database.gate = gate.promise
  const first = revocations.catchUp()
  const late = token()
  end(late)
  const others = Array.from({ length: 99 }, () => revocations.catchUp())
  gate.resolve()
  await first
  t.equal(revocations.check(late), 0, 'the first question was asked too early for it')
  await Promise.all(others)
  t.throws(() => revocations.check(late), revoked)
  t.equal(database.questions, 2)
})

test('a failed query does not fail a later caller', async (t) => {
  const { revocations, database } = startRevocations(t)
  const gate = Promise.withResolvers<void>()
  database.gate = gate.promise
  database.error = new Error('gone')
  const first = t.rejects(revocations.catchUp(), { message: 'gone' })
  database.error = undefined
  const second = revocations.catchUp()
  gate.resolve()
  await Promise.all([first, second])
  t.ok(revocations.isFresh())
})

test('a process without other processes reads once', async (t) => {
  const { revocations, database, time, token } = startRevocations(t, { alone: true })
  await revocations.catchUp()
  time.elapsed += 1_000_000
  t.equal(revocations.check(token()), 0)
  t.equal(database.questions, 1)
  t.equal(revocations.staleness(), 0)
})

test('revoking a foreign user refuses the tokens issued up to a cutoff', async (t) => {
  const { revocations, token, time } = startRevocations(t)
  await revocations.catchUp()
  const now = time.clock / 1000
  const of = (subject: string, issuedAt: number) =>
    ({
      ...token(),
      issuer: 'https://app.example.com',
      subject,
      issuedAt,
      sessionId: undefined,
      authTime: undefined
    }) as const
  await revocations.revokeForeign(of('ann', now - 100))
  for (const issuedAt of [now - 200, now - 100, now - 0.5, now, now + 0.5])
    t.throws(() => revocations.check(of('ann', issuedAt)), revoked, `ann ${issuedAt - now}`)
  t.equal(revocations.check(of('ann', now + 1)), now, 'a later login counts')
  await revocations.revokeForeign(of('ann', now + 30))
  t.throws(() => revocations.check(of('ann', now + 30)), revoked, 'a token from a clock that is ahead ends too')

  await revocations.revokeForeign(of('bob', now - 100), true)
  t.throws(() => revocations.check(of('bob', now - 101)), revoked)
  for (const issuedAt of [now - 100, now]) t.equal(revocations.check(of('bob', issuedAt)), now - 101)
  await revocations.revokeForeign(of('eve', now - 9.5), true)
  t.equal(revocations.check(of('eve', now - 9.5)), now - 11, 'a token is never older than itself')
  t.equal(revocations.check(of('dan', now - 500)), 0, 'nobody else is')
})

test('a session that this process ends is revoked for all', async (t) => {
  const { revocations, rows, token } = startRevocations(t)
  const bad = token()
  await revocations.revokeSession(bad)
  await revocations.settle()
  t.match(rows, [{ key: bad.sessionId }])
  t.throws(() => revocations.check(bad), revoked)
})

test('after stop no announcement is received', async (t) => {
  const { revocations, database, stops, pass } = startRevocations(t)
  await revocations.catchUp()
  revocations.stop()
  await pass(3_000)
  t.strictSame([database.questions, stops()], [1, 1])
})
