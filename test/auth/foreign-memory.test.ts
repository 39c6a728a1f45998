import t, { test } from 'tap'
import { createForeignUsers } from '../../src/auth/foreign-users.ts'
import type { ForeignToken } from '../../src/auth/tokens/claims.ts'
import { usersRepository } from '../../src/repositories/users.ts'
import { caller, startApp } from '../helpers/app.ts'
import { bridgeToken } from '../helpers/mint.ts'
import { createGate } from '../helpers/races.ts'
import { refused } from '../helpers/refused.ts'
import { until } from '../helpers/wait.ts'

let now = Date.now()
const clock = () => now
const { app } = await startApp(t, { clock })
t.beforeEach(() => {
  now = Date.now()
})
const hour = 60 * 60 * 1000
const day = 24 * hour
const users = usersRepository(app.db)

/** Another issuer's user, with a fresh token. */
function foreigner() {
  const sub = crypto.randomUUID()
  const token = (later = 0): ForeignToken => ({
    issuer: 'better-auth',
    subject: sub,
    email: 'fay@example.com',
    name: undefined,
    sessionId: undefined,
    issuedAt: Math.floor(now / 1000) + later,
    expiresAt: Math.floor(now / 1000) + 900
  })
  const call = (later = 0) => {
    const iat = Math.floor(now / 1000) + later
    return caller(app, bridgeToken({ sub, email: 'fay@example.com', iat, exp: iat + 900 }))
  }
  const rows = () => app.db.selectFrom('users').selectAll().where('subject', '=', sub).execute()
  const setActive = (is_active: boolean) =>
    app.db.updateTable('users').set({ is_active }).where('subject', '=', sub).execute()
  const remove = () => app.db.deleteFrom('users').where('subject', '=', sub).execute()
  return { call, token, rows, setActive, remove }
}
const idOf = async (who: ReturnType<typeof caller>): Promise<string> => (await who.get('/api/auth/me')).json().user_id

/** Advances the clock until current revocations have expired in every process. */
async function forgetRevocations() {
  now += 12 * day
  // An announcement may still arrive, and be dropped only by the next poll.
  await until('no revocation to be left', async () => {
    await app.revocations.catchUp()
    return app.revocations.size === 0
  })
}

test('a deactivated foreign user stays locked out after the revocation has expired', async (t) => {
  const fay = foreigner()
  await idOf(fay.call())
  await fay.setActive(false)
  await app.revocations.catchUp()
  refused(t, await fay.call().get('/api/auth/me'), 'token_revoked', 'while it is known')
  await forgetRevocations()
  for (let i = 0; i < 2; i += 1) refused(t, await fay.call().get('/api/auth/me'), 'token_revoked', 'deactivated')
  await fay.setActive(true)
  t.equal((await fay.call().get('/api/auth/me')).statusCode, 200)
})

test('a deleted foreign user who returns later gets a new, working account', async (t) => {
  const fay = foreigner()
  const id = await idOf(fay.call())
  await fay.remove()
  await app.revocations.catchUp()
  await forgetRevocations()
  t.not(await idOf(fay.call()), id)
  t.equal((await fay.call().post('/api/tasks', { title: 'mine' })).statusCode, 201)
})

test('a second deactivation within the same second takes effect', async (t) => {
  const fay = foreigner()
  await idOf(fay.call())
  for (const is_active of [false, true]) await fay.setActive(is_active)
  await app.revocations.catchUp()
  // The database has its own clock, and may have been slow.
  now = Date.now()
  t.equal((await fay.call(30).get('/api/auth/me')).statusCode, 200)
  await fay.setActive(false)
  await app.revocations.catchUp()
  refused(t, await fay.call(30).get('/api/auth/me'), 'token_revoked', 'again')
})

test('a deactivation after a logout with a token from a fast clock takes effect', async (t) => {
  const fay = foreigner()
  t.equal((await fay.call(60).post('/api/auth/logout')).statusCode, 200)
  now += 61_000
  t.equal((await fay.call().get('/api/auth/me')).statusCode, 200)
  await fay.setActive(false)
  await app.revocations.catchUp()
  now += 60_000
  refused(t, await fay.call().get('/api/auth/me'), 'token_revoked', 'deactivated')
})

test('a cached user is looked up again after an hour, even without a revocation', async (t) => {
  const fay = foreigner()
  const keepForeign = t.captureFn(users.keepForeign)
  // Revocations of the tests above may still arrive, and a user is looked up again after each of them.
  const revocations = { ...app.revocations, onForeign: () => {} }
  const { identify } = createForeignUsers({ ...users, keepForeign }, revocations, clock)
  await identify(fay.token())
  t.equal(keepForeign.calls.length, 1)
  now += hour - 1
  await identify(fay.token())
  t.equal(keepForeign.calls.length, 1)
  now += 1
  await identify(fay.token())
  t.equal(keepForeign.calls.length, 2)
})

/** Foreign users that pause after their row has been read. */
function held(before = false) {
  const gate = createGate()
  const keepForeign: typeof users.keepForeign = async (user) => {
    if (before) await gate.pass()
    const kept = await users.keepForeign(user)
    if (!before) await gate.pass()
    return kept
  }
  return { gate, ...createForeignUsers({ ...users, keepForeign }, app.revocations, clock) }
}

test('a user who is deactivated during the look-up is not cached as active', async (t) => {
  const fay = foreigner()
  await idOf(fay.call())
  const { gate, identify } = held()
  const looking = identify(fay.token())
  await gate.arrived
  await fay.setActive(false)
  await app.revocations.catchUp()
  gate.open()
  t.ok(await looking, 'this request came before')
  await t.rejects(async () => identify(fay.token(5)), { code: 'token_revoked' })
})

test('after the database was restored to an earlier state, foreign users are looked up again', async (t) => {
  const fay = foreigner()
  let restore: (key?: string) => void = () => t.fail('nobody listens')
  const onForeign = (listener: (key: string | undefined) => void) => {
    restore = listener
  }
  const { identify } = createForeignUsers(users, { ...app.revocations, onForeign }, clock)
  const id = await identify(fay.token())
  t.equal(identify(fay.token()), id, 'remembered')
  restore()
  await fay.setActive(false)
  await t.rejects(async () => identify(fay.token()), { code: 'token_revoked' })
})

test('a request that began before the deletion of its user creates no new account', async (t) => {
  const fay = foreigner()
  await idOf(fay.call())
  const { gate, identify } = held(true)
  const looking = Promise.resolve(identify(fay.token()))
  await gate.arrived
  await fay.remove()
  gate.open()
  await t.rejects(looking, { code: 'token_revoked' })
  t.strictSame(await fay.rows(), [])
})
