import { type Test, test } from 'tap'
import { createKnownTokens } from '../../../src/auth/personal-tokens/known-tokens.ts'
import { makeToken } from '../../../src/auth/personal-tokens/token-text.ts'
import { createWindows } from '../../../src/redis/windows.ts'
import { clientAt } from '../../helpers/accounts.ts'
import { startRevocations } from '../../helpers/revocations.ts'

const client = clientAt('192.0.2.1')

function fixture(t: Test, { isLimited = false } = {}) {
  const { revocations, time, database, rows, end, listeners, token } = startRevocations(t)
  const row = {
    id: crypto.randomUUID() as string,
    user_id: crypto.randomUUID() as string,
    email: 'ann@example.com',
    scopes: ['tasks:read' as const],
    issued_at: time.clock / 1000 - 60,
    expires_at: time.clock / 1000 + 300 * 24 * 60 * 60
  }
  const state = { found: row as typeof row | undefined, looks: 0, gate: Promise.resolve() }
  async function find() {
    state.looks += 1
    const { found } = state
    await state.gate
    return found
  }
  const clock = () => time.clock
  const strangers = createWindows(undefined, { kind: 'test', maxEntries: 10, clock })
  const rateLimit = { enabled: isLimited, auth: 1 }
  const known = createKnownTokens({ find }, { revocations, strangers, rateLimit, clock })
  const text = makeToken()
  const verify = (given = text) => known.verify(given, client)
  return { revocations, time, database, rows, end, listeners, token, row, state, verify }
}

test('a token that another process ends is refused from then on, by its announcement', async (t) => {
  const { verify, listeners, row, state } = fixture(t)
  t.match(await verify(), { sessionId: row.id, authTime: undefined, amr: [], scopes: ['tasks:read'], role: 'user' })
  listeners[0]?.onMessage(`${row.id} 4294967295 ${Math.ceil(row.expires_at)}`)
  await t.rejects(verify(), { code: 'token_revoked' })
  t.equal(state.looks, 1)
})

test('a token that ends while it is looked up is refused', async (t) => {
  const { verify, listeners, row, state, revocations } = fixture(t)
  await revocations.catchUp()
  const { promise, resolve } = Promise.withResolvers<void>()
  state.gate = promise
  const pending = verify()
  listeners[0]?.onMessage(`${row.id} 4294967295 ${Math.ceil(row.expires_at)}`)
  resolve()
  await t.rejects(pending, { code: 'token_revoked' })
  await t.rejects(verify(), { code: 'token_revoked' })
})

test('requests that come together share a look-up, also one that fails, which is tried again', async (t) => {
  const { verify, state } = fixture(t)
  state.gate = Promise.reject(new Error('no database'))
  for (const one of await Promise.allSettled([verify(), verify()])) t.equal(one.status, 'rejected')
  t.equal(state.looks, 1)
  state.gate = Promise.resolve()
  await Promise.all([verify(), verify(), verify()])
  t.equal(state.looks, 2)
})

test('a token is looked up again after an hour, and refused if it is gone', async (t) => {
  const { verify, state, time } = fixture(t)
  await verify()
  time.clock += 60 * 60_000 - 1
  await verify()
  t.equal(state.looks, 1)
  time.clock += 1
  state.found = undefined
  await t.rejects(verify(), { code: 'invalid_token' })
  state.found = undefined
  await t.rejects(verify(), { code: 'invalid_token' })
  t.equal(state.looks, 2, 'known to be gone')
})

test('a token is refused from the moment of its end', async (t) => {
  const { verify, row, time } = fixture(t)
  time.clock = row.expires_at * 1000 - 1
  t.match(await verify(), { sessionId: row.id })
  time.clock += 1
  await t.rejects(verify(), { code: 'token_expired' })
})

test('after the database was restored, all tokens are looked up again', async (t) => {
  const { verify, state, database, revocations } = fixture(t)
  await verify()
  const unknown = makeToken()
  state.found = undefined
  await t.rejects(verify(unknown), { code: 'invalid_token' })
  await revocations.revokeForeign({
    ...{ issuer: 'https://issuer.example', subject: 'fay', email: 'fay@example.com', name: undefined },
    ...{ sessionId: undefined, issuedAt: 1, expiresAt: 2 }
  })
  await t.rejects(verify(unknown), { code: 'invalid_token' }, "the end of another issuer's user is no reason")
  t.equal(state.looks, 2)
  database.horizon = 1
  await revocations.catchUp()
  await t.rejects(verify(), { code: 'invalid_token' })
  await t.rejects(verify(unknown), { code: 'invalid_token' })
  t.equal(state.looks, 4)
})

test('without limits, unknown tokens are not counted', async (t) => {
  const { verify, state } = fixture(t)
  state.found = undefined
  for (let i = 0; i < 10; i++) await t.rejects(verify(makeToken()), { code: 'invalid_token' })
  t.equal(state.looks, 10)
})

test('look-ups that the database did not answer are not counted as unknown tokens', async (t) => {
  const { verify, state } = fixture(t, { isLimited: true })
  state.gate = Promise.reject(new Error('no database'))
  for (let i = 0; i < 3; i++) await t.rejects(verify(), { message: 'no database' })
  state.gate = Promise.resolve()
  t.match(await verify(), { role: 'user' })
  state.found = undefined
  await t.rejects(verify(makeToken()), { code: 'invalid_token' })
  await t.rejects(verify(makeToken()), { code: 'too_many_requests' }, 'one that is unknown is')
})
