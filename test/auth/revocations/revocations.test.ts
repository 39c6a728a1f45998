import { setImmediate } from 'node:timers/promises'
import { test } from 'tap'
import { ALWAYS } from '../../../src/auth/revocations/revocation-table.ts'
import { startRevocations } from '../../helpers/revocations.ts'

const revoked = { code: 'token_revoked' }
const unavailable = { code: 'unavailable' }

test('no token is accepted before all revocations have been read', async (t) => {
  const { revocations, database, token, end } = startRevocations(t)
  const [good, bad] = [token(), token()]
  end(bad)
  t.notOk(revocations.isFresh())
  t.equal(revocations.staleness(), Number.POSITIVE_INFINITY)
  t.equal(await revocations.check(good), 0)
  t.equal(revocations.check(good), 0, 'from then on without waiting')
  t.throws(() => revocations.check(bad), revoked)
  t.strictSame([database.questions, revocations.size, revocations.staleness()], [1, 1, 0])
})

test('an announced revocation applies immediately, any other at the next poll', async (t) => {
  const { revocations, database, listeners, token, end, pass } = startRevocations(t)
  await revocations.catchUp()
  const [announced, silent] = [token(), token()]
  listeners[0]?.onMessage(`${announced.sessionId} ${ALWAYS} ${announced.expiresAt}`)
  t.throws(() => revocations.check(announced), revoked)
  end(silent)
  await pass(900)
  t.equal(revocations.check(silent), 0)
  await pass(100)
  t.throws(() => revocations.check(silent), revoked)
  t.equal(database.questions, 2)
  t.equal(listeners.length, 1)
})

test('an invalid announcement has no effect', async (t) => {
  const { revocations, listeners, token } = startRevocations(t)
  await revocations.catchUp()
  const { sessionId } = token()
  const messages = ['', 'x', 'x 1 2', sessionId, `${sessionId} 1`, `${sessionId} -1 5`, `${sessionId} 1 5 6`]
  const others = [
    `x${sessionId} 1 5`,
    `${sessionId} 1 5x`,
    `${sessionId} 1e9 5`,
    `${sessionId} 99999999999 5`,
    `${sessionId.replace(/.$/, 'g')} 1 5`,
    ' 1 5'
  ]
  for (const message of [...messages, ...others]) listeners[0]?.onMessage(message)
  t.equal(revocations.size, 0)
})

test('missed revocations are read whenever LISTEN begins', async (t) => {
  const { revocations, database, listeners, token, end } = startRevocations(t)
  await revocations.catchUp()
  const missed = token()
  end(missed)
  listeners[0]?.onListening()
  await setImmediate()
  t.throws(() => revocations.check(missed), revoked)
  database.error = new Error('gone')
  listeners[0]?.onListening()
  await setImmediate()
  t.equal(database.questions, 3, 'a question that fails is no fault')
})

test('after five seconds without a poll a process polls, and accepts no token if that fails', async (t) => {
  const { revocations, database, token, end, pass } = startRevocations(t)
  await revocations.catchUp()
  const [good, bad] = [token(), token()]
  database.error = new Error('gone')
  await pass(5_000)
  t.equal(revocations.check(good), 0)
  await pass(100)
  t.notOk(revocations.isFresh())
  await t.rejects(Promise.resolve(revocations.check(good)), unavailable)
  end(bad)
  database.error = undefined
  await t.rejects(Promise.resolve(revocations.check(bad)), revoked)
  t.equal(revocations.check(good), 0)
})

test('a poll that took more than five seconds is too old to accept a token', async (t) => {
  const { revocations, database, token, pass } = startRevocations(t)
  const gate = Promise.withResolvers<void>()
  database.gate = gate.promise
  const answer = Promise.resolve(revocations.check(token()))
  const rejected = t.rejects(answer, unavailable)
  await pass(5_100)
  gate.resolve()
  await rejected
})

const jumps = { 'stopped (SIGSTOP)': 'elapsed', suspended: 'clock' } as const
for (const [how, clock] of Object.entries(jumps)) {
  test(`a process that was ${how} polls before its next answer`, async (t) => {
    const { revocations, database, time, token, end } = startRevocations(t)
    await revocations.catchUp()
    const [good, bad] = [token(), token()]
    end(bad)
    time[clock] += 201
    await t.rejects(Promise.resolve(revocations.check(bad)), revoked)
    t.equal(revocations.check(good), 0)
    t.equal(database.questions, 2)
    time[clock] += 200
    t.equal(revocations.check(good), 0, 'a busy moment is no standstill')
  })

  test(`a process that was ${how} during a poll does not trust the result, and polls again`, async (t) => {
    const { revocations, database, time, token, end } = startRevocations(t)
    await revocations.catchUp()
    time.elapsed += 201
    const gate = Promise.withResolvers<void>()
    database.gate = gate.promise
    const [waiting, bad] = [Promise.resolve(revocations.check(token())), token()]
    end(bad)
    time[clock] += 201
    const asked = Promise.resolve(revocations.check(bad))
    gate.resolve()
    await t.rejects(asked, revoked)
    t.equal(await waiting, 0)
    t.equal(database.questions, 4)
  })
}

test('a process that stands still during each poll accepts no token, and stops polling after two seconds', async (t) => {
  const { revocations, database, time, token } = startRevocations(t)
  await revocations.catchUp()
  time.elapsed += 250
  database.meanwhile = () => {
    time.elapsed += 250
  }
  await t.rejects(Promise.resolve(revocations.check(token())), unavailable)
  t.equal(database.questions, 1 + 2_000 / 250)
})

test('after the stop, the database is not asked any more', async (t) => {
  const { revocations, database, pass, stops } = startRevocations(t)
  await revocations.catchUp()
  await pass(3_000)
  t.equal(database.questions, 4, 'once a second before it')
  revocations.stop()
  await pass(10_000)
  t.equal(database.questions, 4)
  t.equal(stops(), 1, 'and announcements are not heard')
})

test('revocations are polled before an answer only when they are not fresh', async (t) => {
  const { revocations, database } = startRevocations(t)
  await revocations.ensure()
  await revocations.ensure()
  t.equal(database.questions, 1)
})

for (const alone of [true, false])
  test(`a committed revocation applies, even if the database cannot be read (alone: ${alone})`, async (t) => {
    const { revocations, database, token, end } = startRevocations(t, { alone })
    await revocations.catchUp()
    const [good, bad] = [token(), token()]
    end(bad)
    database.error = new Error('gone')
    await revocations.settle()
    await t.rejects(Promise.resolve(revocations.check(good)), unavailable, 'nobody is believed for now')
    database.error = undefined
    await t.rejects(Promise.resolve(revocations.check(bad)), revoked)
    t.equal(revocations.check(good), 0)
  })

test('a listener for foreign users hears each of their revocations, and that the database was restored', async (t) => {
  const { revocations, database, listeners, token, end } = startRevocations(t)
  const heard: unknown[] = []
  revocations.onForeign((key) => heard.push(key))
  await revocations.catchUp()
  end(token())
  await revocations.catchUp()
  t.strictSame(heard, [], 'a session is nobody else’s')
  const key = crypto.randomUUID()
  for (let i = 0; i < 2; i += 1) listeners[0]?.onMessage(`${key} 1800000000 1800000600`)
  t.strictSame(heard, [key, key], 'each time')
  database.horizon = 5
  await revocations.catchUp()
  t.strictSame(heard.slice(2), [undefined])
})

test('a user of another issuer who ends the other sessions again and again adds one row', async (t) => {
  const { revocations, database, rows, token } = startRevocations(t)
  await revocations.catchUp()
  const foreign = { ...token(), issuer: 'https://issuer.example', sessionId: undefined, authTime: undefined }
  const later = { ...foreign, issuedAt: foreign.issuedAt + 1 }
  for (let i = 0; i < 20; i++) await revocations.revokeForeign(foreign, true)
  t.equal(rows.length, 1)
  t.equal(await revocations.check(foreign), foreign.issuedAt - 1)
  await revocations.revokeForeign(later, true)
  t.equal(rows.length, 2, 'a later token ends more')
  t.throws(() => revocations.check(foreign), revoked)
  await revocations.revokeForeign(later)
  t.equal(rows.length, 3, 'it can still end itself')

  rows.length = 0
  database.horizon = 5
  await revocations.catchUp()
  await revocations.revokeForeign(later, true)
  t.equal(rows.length, 1, 'a database that was restored has it again')
})
