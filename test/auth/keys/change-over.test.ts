import { type Kysely, sql } from 'kysely'
import { test } from 'tap'
import { retireKey } from '../../../src/auth/keys/rotation.ts'
import type { Database } from '../../../src/database/tables.ts'
import { caller, secret, startApp } from '../../helpers/app.ts'
import { bridgeClaims, mint, ourClaims, ourHeader } from '../../helpers/mint.ts'
import { refused } from '../../helpers/refused.ts'
import { age, endChangeOver, headerOf, privateKeyOf, signPart, startSigning } from '../../helpers/signing.ts'
import { until } from '../../helpers/wait.ts'

const me = '/api/auth/me'

test('after the change-over an attacker with only BETTER_AUTH_SECRET cannot mint our tokens', async (t) => {
  const { app, signUp } = await startSigning(t, 'EdDSA')
  const minted = mint(ourHeader, ourClaims(), secret)
  const another = mint(ourHeader, ourClaims(), secret)
  t.equal((await caller(app, minted).get(me)).statusCode, 200, 'before its end they can')
  await endChangeOver(app.db)
  await app.signingKeys.load()
  const ann = await signUp()
  t.equal(headerOf(ann.token).alg, 'EdDSA')
  refused(t, await caller(app, minted).get(me), 'invalid_token', 'one that was verified before')
  refused(t, await caller(app, another).get(me), 'invalid_token', 'one from before')
  const { kid } = headerOf(ann.token)
  const now = Math.floor(Date.now() / 1000)
  for (const [header, claims] of [
    [ourHeader, ourClaims()],
    [ourHeader, ourClaims({ iat: now - 6 * 24 * 60 * 60, exp: now + 60 })],
    [{ ...ourHeader, kid }, ourClaims()],
    [{ ...ourHeader, kid, alg: 'EdDSA' }, ourClaims()],
    [{ alg: 'HS256', typ: 'at+jwt' }, ourClaims()],
    [{ alg: 'HS256', typ: 'JWT' }, ourClaims({ sid: undefined, jti: undefined })],
    [{ alg: 'HS256' }, bridgeClaims({ iss: 'gatehouse' })]
  ] as const)
    refused(t, await caller(app, mint(header, claims, secret)).get(me), 'invalid_token', JSON.stringify(header))
  const other = caller(app, mint({ alg: 'HS256' }, bridgeClaims(), secret))
  const bridge = await other.get(me)
  t.equal(bridge.statusCode, 200, 'tokens of a front end without our issuer continue')
  t.equal((await other.get(me)).statusCode, 200, 'again')
  t.not(bridge.json().user_id, ourClaims().sub)
})

test('a session goes on from the shared secret to a key and back', async (t) => {
  const { app, anyone } = await startApp(t, { settings: { SIGNING_ALGORITHM: 'ES256' } })
  const body = { email: 'ann@example.com', name: 'Ann', password: 'correct-horse-7' }
  const first = (await anyone.post('/api/auth/register', body)).json()
  t.equal(headerOf(first.access_token).alg, 'HS256', 'the key is not published long enough')
  await age(app.db, 11)
  await app.signingKeys.load()
  t.equal((await caller(app, first.access_token).get(me)).statusCode, 200)
  const { refresh_token } = first
  const second = (await anyone.post('/api/auth/refresh', { refresh_token })).json()
  t.equal(headerOf(second.access_token).alg, 'ES256')
  t.equal((await caller(app, second.access_token).get(me)).statusCode, 200)
})

test('a key that is retired is accepted, and one that is retired at once is refused within the announcement', async (t) => {
  const { app, config, signUp } = await startSigning(t, 'EdDSA')
  const [ann, bob] = [await signUp(), await signUp()]
  const { kid } = headerOf(ann.token)
  await retireKey(app.db, kid, config, { atOnce: false })
  await app.signingKeys.load()
  t.equal((await ann.get(me)).statusCode, 200)
  const later = await signUp()
  t.not(headerOf(later.token).kid, kid)
  await retireKey(app.db, kid, config, { atOnce: true })
  if (config.databaseUrl === undefined) await app.revocations.catchUp()
  await until('the key to be refused', async () => (await ann.get(me)).statusCode === 401)
  refused(t, await ann.get(me), 'invalid_token', 'seen before')
  refused(t, await bob.get(me), 'invalid_token', 'not seen before')
  t.equal((await later.get(me)).statusCode, 200)
})

test('a key that was retired at once is refused by a process that has to read the revocations first', async (t) => {
  const { app, config, signUp } = await startSigning(t, 'EdDSA')
  const ann = await signUp()
  const { kid } = headerOf(ann.token)
  const again = signPart(headerOf(ann.token), ourClaims(), await privateKeyOf(app.db, config, kid))
  t.equal((await ann.get(me)).statusCode, 200)
  // As a process that stood still, or could not reach the database.
  await sql`alter table revocations rename to unreadable`.execute(app.db)
  await until('revocations to be unknown', async () => {
    await app.revocations.settle()
    return !app.revocations.isFresh()
  })
  // Readable at once with the retirement, because the process reads every second.
  const record = (trx: Kysely<Database>) => sql`alter table unreadable rename to revocations`.execute(trx)
  await retireKey(app.db, kid, config, { atOnce: true, record })
  const answers = await Promise.all([ann.get(me), caller(app, again).get(me)])
  refused(t, answers[0], 'invalid_token', 'verified before')
  refused(t, answers[1], 'invalid_token', 'not verified before')
})
