import { mock } from 'node:test'
import { sql } from 'kysely'
import t, { type Test, test } from 'tap'
import { retireKey, rotateKeys } from '../../../src/auth/keys/rotation.ts'
import { createSigningKeys, READ_AGAIN_AFTER, UNKNOWN_PAUSE } from '../../../src/auth/keys/signing-keys.ts'
import { secret, startApp } from '../../helpers/app.ts'
import { captureLog } from '../../helpers/log.ts'
import { countQueries } from '../../helpers/queries.ts'
import { age, endChangeOver } from '../../helpers/signing.ts'
import { until } from '../../helpers/wait.ts'

const { app, config } = await startApp(t)
const { db } = app
// The app itself must not hear of the changes.
app.revocations.stop()
const signing = { ...config, signingAlgorithm: 'EdDSA' as const }
t.beforeEach(async () => {
  await sql`delete from signing_keys`.execute(db)
  await sql`delete from shared_secret_use`.execute(db)
})

/** The keys as one process knows them, with a manual clock. */
function process(t: Test, settings: typeof config = signing, database = db) {
  const time = { elapsed: 0 }
  const { log, lines } = captureLog()
  const keys = createSigningKeys(database, settings, { log, elapsed: () => time.elapsed })
  t.teardown(keys.stop)
  return {
    ...keys,
    time,
    lines,
    kids: () => JSON.parse(String(keys.published().body)).keys.map((k: { kid: string }) => k.kid)
  }
}

const broken = () =>
  new Proxy(db, {
    get: () => () => {
      throw new Error('down')
    }
  })

test('a key signs only after it has been published for ten minutes by the clock of the database', async (t) => {
  const keys = process(t)
  await keys.prepare()
  t.equal(keys.kids().length, 2, 'published at once')
  t.equal(keys.signer(), undefined, 'the shared secret signs meanwhile')
  t.ok(keys.acceptsSharedSecret())
  keys.time.elapsed += 24 * 60 * 60 * 1000
  await keys.load()
  t.equal(keys.signer(), undefined, "whatever the process's own clock says")
  await age(db, 10)
  await keys.load()
  t.match(keys.signer(), { kid: keys.kids()[0], algorithm: 'EdDSA' })
  t.ok(keys.acceptsSharedSecret(), 'for as long as its tokens may live')
})

test('before the keys are read, nothing is signed, and no token of the shared secret is accepted', async (t) => {
  const keys = process(t, signing, broken())
  await t.rejects(keys.prepare(), /down/)
  t.throws(() => keys.signer(), { code: 'unavailable' })
  t.notOk(keys.acceptsSharedSecret())
  await t.rejects(async () => keys.find(crypto.randomUUID()), { code: 'unavailable' })
  t.equal(process(t, config, broken()).signer(), undefined, 'a service on the shared secret signs with it')
})

test('a process that only reads the keys does not record that it signs', async (t) => {
  await process(t).load()
  t.strictSame(await db.selectFrom('shared_secret_use').selectAll().execute(), [])
})

test('when the database was restored from before its keys, the shared secret signs and is accepted', async (t) => {
  const keys = process(t)
  await keys.prepare()
  await age(db, 11)
  await keys.load()
  t.ok(keys.signer())
  await sql`delete from signing_keys`.execute(db)
  await sql`delete from shared_secret_use`.execute(db)
  await keys.load()
  t.equal(keys.signer(), undefined)
  t.ok(keys.acceptsSharedSecret())
})

test('a key that was refused is neither accepted nor published by a process that starts later', async (t) => {
  const before = process(t)
  await before.prepare()
  const [kid] = before.kids()
  await retireKey(db, kid, signing, { atOnce: true })
  const keys = process(t)
  await keys.load()
  t.equal(keys.kids().length, 2, 'its successor and the standby key')
  t.notOk(keys.kids().includes(kid))
  t.throws(() => keys.find(kid), { code: 'invalid_token', reason: 'refused key' })
})

test('with the shared secret and without keys, nothing is written and no timer runs', async (t) => {
  mock.timers.enable({ apis: ['setTimeout'] })
  t.teardown(() => mock.timers.reset())
  const keys = process(t, config)
  await keys.prepare()
  const queriesOf = countQueries(t, app)
  t.equal(await queriesOf(() => mock.timers.tick(READ_AGAIN_AFTER * 5)), 0)
  t.strictSame(await db.selectFrom('shared_secret_use').selectAll().execute(), [])
  t.equal(keys.signer(), undefined)
  t.ok(keys.acceptsSharedSecret())
  t.equal(String(keys.published().body), '{"keys":[]}')
})

test('a process reads the keys again once a minute, and when one is about to sign', async (t) => {
  mock.timers.enable({ apis: ['setTimeout'] })
  t.teardown(() => mock.timers.reset())
  const keys = process(t)
  await keys.prepare()
  await age(db, 10)
  const queriesOf = countQueries(t, app)
  t.equal(await queriesOf(() => mock.timers.tick(59_999)), 0)
  t.ok((await queriesOf(() => mock.timers.tick(1))) > 0)
  await until('the key to sign', () => keys.signer())
  await sql`update signing_keys set signs_from = now() + interval '50 seconds',
    created_at = now() - interval '550 seconds' where signs_from is not null`.execute(db)
  await keys.load()
  t.equal(keys.signer(), undefined)
  t.equal(await queriesOf(() => mock.timers.tick(20_000)), 0)
  await age(db, 1)
  mock.timers.tick(30_000)
  await until('the key to sign again', () => keys.signer())
  await keys.stop()
  t.equal(await queriesOf(keys.load), 0, 'not after the end')
  t.equal(await queriesOf(() => mock.timers.tick(READ_AGAIN_AFTER)), 0)
})

test('unknown kids cause at most one query in 30 seconds, and malformed kids cause none', async (t) => {
  const keys = process(t, config)
  await keys.prepare()
  const queriesOf = countQueries(t, app)
  const ask = async (kid: unknown) => keys.find(kid)
  const flood = () =>
    Promise.all(
      Array.from({ length: 50 }, () =>
        t.rejects(ask(crypto.randomUUID()), { code: 'invalid_token', reason: 'unknown kid' })
      )
    )
  t.equal(await queriesOf(flood), 0, 'it has just read them')
  keys.time.elapsed += UNKNOWN_PAUSE
  t.equal(await queriesOf(flood), 1)
  t.equal(await queriesOf(flood), 0)
  keys.time.elapsed += UNKNOWN_PAUSE
  for (const kid of [undefined, null, 1, '', '1', '../../dev/null', "' or true", ['x'], '__proto__'])
    t.equal(
      await queriesOf(() => t.rejects(ask(kid), { code: 'invalid_token', reason: 'unknown kid' })),
      0,
      String(kid)
    )
  await rotateKeys(db, 'EdDSA', signing)
  const { kid } = await db.selectFrom('signing_keys').select('kid').executeTakeFirstOrThrow()
  t.match(await keys.find(kid), { kid })
  const key = keys.find(kid)
  t.notOk(key instanceof Promise)
  t.ok(keys.trusts(await key))
  await retireKey(db, kid, signing, { atOnce: true })
  await keys.load()
  keys.time.elapsed += UNKNOWN_PAUSE
  t.equal(
    await queriesOf(() => t.rejects(ask(kid), { code: 'invalid_token', reason: 'refused key' })),
    0,
    'a refused key is known'
  )
  t.equal(await queriesOf(() => ask(keys.kids()[0])), 0, 'and so is one that is accepted')
})

test('a revoked key is refused at once, without a query, even if a read that began earlier still lists it', async (t) => {
  const keys = process(t)
  await keys.prepare()
  await age(db, 11)
  await keys.load()
  const [first, second] = keys.kids()
  const key = await keys.find(first)
  const reading = keys.load()
  keys.revoke(crypto.randomUUID())
  t.ok(keys.trusts(key))
  t.ok(keys.signer(), 'another key changes nothing')
  keys.revoke(first)
  t.notOk(keys.trusts(key))
  t.throws(() => keys.find(first), { code: 'invalid_token', reason: 'refused key' })
  t.throws(() => keys.find(crypto.randomUUID()), { code: 'unavailable' }, 'until the keys are read')
  t.throws(() => keys.signer(), { code: 'unavailable' })
  t.strictSame(keys.kids(), [second])
  await reading
  t.notOk(keys.trusts(key))
  await retireKey(db, first, signing, { atOnce: true })
  await keys.load()
  t.equal(keys.signer()?.kid, second, 'the one that stood by')
  t.notOk(keys.kids().includes(first))
})

test('after the database was restored, the keys are read again, and those that are known stay in use meanwhile', async (t) => {
  const keys = process(t)
  await keys.prepare()
  await age(db, 11)
  await keys.load()
  const before = keys.signer()?.kid
  await rotateKeys(db, 'EdDSA', signing)
  keys.revoke(undefined)
  t.equal(keys.signer()?.kid, before)
  await until('the key that signs now', () => keys.signer()?.kid !== before)
})

test('a key that is refused while the keys are read stays refused', async (t) => {
  const maker = process(t)
  await maker.prepare()
  const [kid] = maker.kids()
  let results = 0
  let revokeAt = 0
  const watched = db.withPlugin({
    transformQuery: ({ node }) => node,
    async transformResult({ result }) {
      results += 1
      if (results === revokeAt) keys.revoke(kid)
      return result
    }
  })
  const keys = process(t, signing, watched)
  await keys.load()
  t.ok(keys.kids().includes(kid))
  // The last query, after the rows were read.
  revokeAt = 2 * results
  await keys.load()
  t.notOk(keys.kids().includes(kid))
  await keys.load()
  t.notOk(keys.kids().includes(kid))
})

test('a process reads the keys again when a change of them is announced, and ignores other announcements', async (t) => {
  const keys = process(t)
  await keys.load()
  t.strictSame(keys.kids(), [])
  await process(t).prepare()
  t.notOk(keys.hears('of a session'))
  t.ok(keys.hears('keys'))
  await until('the new keys are known', () => keys.kids().length === 2)
})

test('until a key of the configured algorithm may sign, the key of another algorithm signs', async (t) => {
  await process(t).prepare()
  await age(db, 11)
  const other = process(t, { ...signing, signingAlgorithm: 'ES256' })
  await other.prepare()
  t.equal(other.signer()?.algorithm, 'EdDSA')
  await age(db, 11)
  await other.load()
  t.equal(other.signer()?.algorithm, 'ES256')
  t.strictSame(other.published().algorithms.sort(), ['ES256', 'EdDSA'])
  const back = process(t)
  await back.prepare()
  t.equal(back.signer()?.algorithm, 'EdDSA', 'a process goes back to its own algorithm, although that key is older')
  const shared = process(t, config)
  await shared.prepare()
  t.equal(shared.signer(), undefined)
  t.equal(shared.kids().length, 4, 'a process on the shared secret accepts and publishes them')
})

test('tokens of the shared secret are accepted until no process has signed one for as long as they live', async (t) => {
  const [keys, shared] = [process(t), process(t, config)]
  await keys.prepare()
  await age(db, 11)
  await keys.load()
  keys.time.elapsed += 7 * 24 * 60 * 60 * 1000
  t.ok(keys.acceptsSharedSecret(), 'they live for seven days')
  keys.time.elapsed += 20 * 60 * 1000
  t.notOk(keys.acceptsSharedSecret(), 'by the clock that cannot be set')
  await endChangeOver(db)
  await keys.load()
  t.notOk(keys.acceptsSharedSecret())
  await shared.prepare()
  await keys.load()
  t.ok(keys.acceptsSharedSecret(), 'another process signs with it')
  const rows = () => db.selectFrom('shared_secret_use').select('accepted_until').execute()
  const before = await rows()
  await shared.load()
  t.strictSame(await rows(), before, 'it writes rarely')
})

test('a longer lifetime of tokens is recorded with the key that signs them', async (t) => {
  await process(t).prepare()
  await age(db, 11)
  await process(t, { ...signing, accessTokenTtl: 60 }).prepare()
  const lives = () => db.selectFrom('signing_keys').select('longest_life').where('signs_from', 'is not', null).execute()
  t.strictSame(await lives(), [{ longest_life: signing.accessTokenTtl }])
  await process(t, { ...signing, accessTokenTtl: 9_999_999 }).prepare()
  t.strictSame(await lives(), [{ longest_life: 9_999_999 }])
})

test('a key that cannot be decrypted is reported once, and not used', async (t) => {
  await process(t).prepare()
  await age(db, 11)
  const stranger = process(t, { ...signing, secrets: [{ kid: '9', secret: `a-third-${secret}` }] })
  await stranger.load()
  await stranger.load()
  t.equal(stranger.signer(), undefined)
  t.strictSame(stranger.kids(), [])
  const told = stranger.lines.filter(({ msg }) => /cannot be decrypted/.test(String(msg)))
  const rows = await db.selectFrom('signing_keys').select('kid').execute()
  t.strictSame(told.map(({ kid }) => kid).sort(), rows.map(({ kid }) => kid).sort())
})

test('a failed read of the keys is logged, and the known keys stay in use', async (t) => {
  const keys = process(t)
  await keys.prepare()
  await sql`alter table signing_keys rename to hidden_keys`.execute(db)
  await keys.reload()
  await sql`alter table hidden_keys rename to signing_keys`.execute(db)
  t.match(keys.lines.at(-1), { msg: 'the signing keys could not be read', err: { message: /"signing_keys"/ } })
  t.equal(keys.kids().length, 2)
})

test('the log says which key signs, at the start and after each change, and only then', async (t) => {
  const keys = process(t)
  const said = () => keys.lines.filter(({ msg }) => msg === 'access tokens are signed by')
  await keys.prepare()
  t.match(said(), [{ algorithm: 'HS256' }])
  await keys.load()
  t.equal(said().length, 1, 'nothing has changed')
  await age(db, 11)
  await keys.load()
  t.match(said(), [{ algorithm: 'HS256' }, { kid: keys.kids()[0], algorithm: 'EdDSA' }])
  await keys.load()
  t.equal(said().length, 2, 'nothing has changed')
})
