import { sql } from 'kysely'
import t, { type Test, test } from 'tap'
import { openKey, sealSigningKeys } from '../../../src/auth/keys/key-pairs.ts'
import { ensureKeys, resealSigningKeys, retireKey, rotateKeys } from '../../../src/auth/keys/rotation.ts'
import { listen } from '../../../src/database/listener.ts'
import { deleteExpired } from '../../../src/housekeeping.ts'
import { signingKeysRepository } from '../../../src/repositories/signing-keys.ts'
import { secret, startApp } from '../../helpers/app.ts'
import { countQueries } from '../../helpers/queries.ts'
import { raceFor } from '../../helpers/races.ts'
import { age } from '../../helpers/signing.ts'
import { server } from '../../helpers/template.ts'
import { until } from '../../helpers/wait.ts'

const settings = { BETTER_AUTH_SECRETS: `2:another-${secret},1:${secret}` }
const { app, config } = await startApp(t, { settings })
const { db } = app
const keys = signingKeysRepository(db)
const signing = { ...config, signingAlgorithm: 'EdDSA' as const }
t.beforeEach(() => sql`delete from signing_keys`.execute(db))

const states = async () => (await keys.list()).map(({ state }) => state)
const kidOf = async (state: string) => (await keys.list()).find((key) => key.state === state)?.kid ?? ''
const ensure = () => ensureKeys(db, 'EdDSA', signing)
const rotate = () => rotateKeys(db, 'EdDSA', signing)

/** Keys as they are some days after the first start. */
async function established() {
  await ensure()
  await age(db, 11)
}

const skip = server ? false : 'needs TEST_DATABASE_URL: the embedded database has one process'
test('each change of the keys, and of the end of the shared secret, is announced', { skip }, async (t) => {
  const heard: string[] = []
  const { promise: listening, resolve: onListening } = Promise.withResolvers<void>()
  const channel = 'gatehouse_revocations'
  const log = { warn: () => {} }
  const { stop } = listen(config.directUrl as string, {
    channel,
    onMessage: (text) => heard.push(text),
    onListening,
    log
  })
  t.teardown(stop)
  await listening
  /** Waits until all that was announced has been heard. */
  async function quiet(): Promise<void> {
    const mark = crypto.randomUUID()
    await sql`select pg_notify(${channel}, ${mark})`.execute(db)
    await until('the mark', () => heard.includes(mark))
  }
  await ensure()
  const changes = {
    'a later start': () => sql`update signing_keys set longest_life = longest_life + 1`.execute(db),
    'a removed key': () => sql`delete from signing_keys`.execute(db),
    'the shared secret': () =>
      sql`update shared_secret_use set accepted_until = accepted_until + interval '1s'`.execute(db)
  }
  for (const [what, change] of Object.entries(changes)) {
    await quiet()
    heard.length = 0
    await change()
    await quiet()
    t.ok(heard.includes('keys'), what)
  }
})

test('the first start creates a key that signs ten minutes later, and a standby key', async (t) => {
  await ensure()
  await ensure()
  const [first, standby, ...more] = await keys.list()
  t.strictSame(more, [])
  t.match([first, standby], [{ state: 'next' }, { state: 'next', signs_from: null }])
  const wait = Date.parse(first?.signs_from ?? '') - Date.parse(first?.created_at ?? '')
  t.equal(Math.round(wait / 1000), 600)
  await age(db, 9)
  t.strictSame(await states(), ['next', 'next'])
  await age(db, 1)
  t.strictSame(await states(), ['current', 'next'])
})

test('processes that start at the same time make the keys once', async (t) => {
  await Promise.all([ensure(), ensure(), ensure()])
  t.equal((await keys.list()).length, 2)
})

test('a process that creates keys waits for another one before it reads the existing keys', { skip }, async (t) => {
  await raceFor(app, 'signing_keys', [ensure, ensure, rotate])
  t.equal((await keys.list()).length, 2)
})

test('the database refuses a key that would sign earlier than ten minutes after its creation', async (t) => {
  await ensure()
  await t.rejects(sql`update signing_keys set signs_from = now()`.execute(db), /signing_keys_published/)
  await t.rejects(sql`update signing_keys set signs_from = created_at + interval '9 minutes'`.execute(db))
})

test('a rotation lets the standby key sign at once, and the tokens of the old one are accepted until they expire', async (t) => {
  await established()
  const [before, standby] = [await kidOf('current'), await kidOf('next')]
  await rotate()
  t.strictSame(await states(), ['current', 'retired', 'next'])
  t.equal(await kidOf('current'), standby)
  t.equal(await kidOf('retired'), before)
  await age(db, 7 * 24 * 60 + 19)
  t.equal(await kidOf('retired'), before)
  await age(db, 2)
  t.equal(await kidOf('refused'), before)
  await deleteExpired(db, config)
  t.strictSame(await states(), ['current', 'next'])
})

test('a rotation right after another one waits until its key has been published, and a third one changes nothing', async (t) => {
  await established()
  await rotate()
  const before = await kidOf('current')
  await rotate()
  const planned = await keys.list()
  t.match(planned[0], { state: 'next' })
  t.equal(await kidOf('current'), before, 'the current key signs until then')
  t.match(planned.find(({ kid }) => kid === before)?.retires_at, planned[0]?.signs_from)
  await rotate()
  t.strictSame(await keys.list(), planned)
  await age(db, 11)
  t.equal(await kidOf('current'), planned[0]?.kid)
})

test('rotate creates the keys where there are none, in place of the shared secret', async (t) => {
  const told: string[] = []
  await rotateKeys(db, 'EdDSA', signing, async (_trx, event, change) => told.push(`${event} ${change}`))
  const [first, ...more] = await keys.list()
  t.match([first, ...more], [{ state: 'next' }, { state: 'next', signs_from: null }])
  t.equal(more.length, 1)
  t.strictSame(told, [`key.rotated ${first?.kid} replaces the shared secret`])
})

/** Two keys that sign: each process had another secret, and could not open the key of the other. */
async function establishedTwice(): Promise<string[]> {
  for (const one of config.secrets) await ensureKeys(db, 'EdDSA', { ...signing, secrets: [one] })
  await age(db, 11)
  return (await keys.list()).filter(({ state }) => state === 'current').map(({ kid }) => kid)
}

test('a rotation replaces all keys that sign', async (t) => {
  const before = await establishedTwice()
  t.equal(before.length, 2)
  const told: string[] = []
  await rotateKeys(db, 'EdDSA', signing, async (_trx, event, change) => told.push(`${event} ${change}`))
  t.strictSame(told, [`key.rotated ${await kidOf('current')} replaces ${before.join(', ')}`])
  t.strictSame(
    (await keys.list()).filter(({ state }) => state === 'retired').map(({ kid }) => kid),
    before
  )
})

test('of two keys that sign, one is retired and the other one goes on', async (t) => {
  const [first = '', second = ''] = await establishedTwice()
  await retire(first)
  t.equal(await kidOf('retired'), first)
  t.equal(await kidOf('current'), second)
  t.strictSame((await states()).sort(), ['current', 'next', 'next', 'retired'], 'no standby key was needed')
})

test('a key that is retired before it signs is replaced, and signs for no time', async (t) => {
  await ensure()
  const [planned, standby] = await keys.list()
  await retire(planned?.kid ?? '')
  t.equal(await kidOf('retired'), planned?.kid)
  t.strictSame((await states()).sort(), ['next', 'next', 'retired'])
  const [successor] = (await keys.list()).filter(({ state, signs_from }) => state === 'next' && signs_from !== null)
  t.equal(successor?.kid, standby?.kid, 'it is published already')
})

test('the tokens of a retired key are not accepted for longer when it is retired again', async (t) => {
  await established()
  const kid = await kidOf('current')
  await retire(kid)
  await age(db, 5)
  const before = await keys.list()
  await retire(kid)
  t.strictSame(await keys.list(), before)
})

test("an operator's change of keys is recorded in its transaction, and a call that changes nothing is not recorded", async (t) => {
  await established()
  const [before, standby] = [await kidOf('current'), await kidOf('next')]
  const told: string[] = []
  const record = async (_trx: unknown, event: string, change: string) => told.push(`${event} ${change}`)
  await rotateKeys(db, 'EdDSA', signing, record)
  t.strictSame(told.splice(0), [`key.rotated ${standby} replaces ${before}`])
  await retireKey(db, before, signing, { atOnce: false, record })
  t.strictSame(told, [], 'it was retired already')
  await retireKey(db, standby, signing, { atOnce: false, record })
  t.match(told.splice(0), [`key.retired ${standby}`, new RegExp(`^key.rotated .* replaces ${standby}$`)])
  await retireKey(db, before, signing, { atOnce: true, record })
  t.strictSame(told, [`key.retired ${before} at once`])

  await age(db, 11)
  const all = await keys.list()
  const failing = async () => {
    throw new Error('not recorded')
  }
  await t.rejects(rotateKeys(db, 'EdDSA', signing, failing), { message: 'not recorded' })
  await t.rejects(retireKey(db, standby, signing, { atOnce: true, record: failing }), { message: 'not recorded' })
  t.strictSame(await keys.list(), all)
})

const retire = (kid: string, atOnce = false) => retireKey(db, kid, signing, { atOnce })

test('refusing a key again keeps the time of the first refusal', async (t) => {
  await established()
  const kid = await kidOf('current')
  await retire(kid, true)
  await sql`update signing_keys set refused_at = refused_at - interval '1 minute' where kid = ${kid}`.execute(db)
  const before = (await keys.list()).find((key) => key.kid === kid)
  t.equal(before?.state, 'refused')
  await retire(kid, true)
  t.strictSame(
    (await keys.list()).find((key) => key.kid === kid),
    before
  )
})

test('a retired key is replaced by the standby key', async (t) => {
  await established()
  const [before, standby] = [await kidOf('current'), await kidOf('next')]
  t.equal(await retire(before), true)
  t.strictSame(await states(), ['current', 'retired', 'next'])
  t.equal(await kidOf('current'), standby)
  t.equal(await retire(before), true, 'again')
  t.strictSame(await states(), ['current', 'retired', 'next'])
  t.equal(await retire(await kidOf('next')), true)
  t.strictSame((await states()).sort(), ['current', 'next', 'retired', 'retired'], 'there is always one that stands by')
  t.equal(await retire(crypto.randomUUID()), false)
  t.equal(await retire("' or true"), false)
})

const revoked = (kid: string) => db.selectFrom('revocations').select('key').where('key', '=', kid).execute()

test('a key that is retired at once is refused and replaced, and every process is told', async (t) => {
  await established()
  const [before, standby] = [await kidOf('current'), await kidOf('next')]
  t.equal(await retire(before, true), true)
  t.strictSame((await states()).sort(), ['current', 'next', 'refused'])
  t.equal(await kidOf('refused'), before)
  t.equal(await kidOf('current'), standby)
  t.equal((await revoked(before)).length, 1)
  await retire(standby, true)
  t.strictSame((await states()).sort(), ['next', 'next', 'refused', 'refused'], 'a new key waits for its time')
})

test('a retired key is not replaced if its algorithm is no longer used for signing', async (t) => {
  for (const atOnce of [false, true]) {
    await established()
    const kid = await kidOf('current')
    await retireKey(db, kid, config, { atOnce })
    t.strictSame((await states()).sort(), ['next', atOnce ? 'refused' : 'retired'])
    await sql`delete from signing_keys`.execute(db)
  }
})

test('keys that no secret opens are replaced, not used', async (t) => {
  await established()
  const stranger = { ...signing, secrets: [{ kid: '9', secret: `a-third-${secret}` }] }
  await ensureKeys(db, 'EdDSA', stranger)
  t.strictSame((await states()).sort(), ['current', 'next', 'next', 'next'])
})

const sealings = config.secrets.map((one) => sealSigningKeys([one]))
const opened = async (t: Test, sealing: (typeof sealings)[number] | undefined) => {
  const rows = await keys.read()
  t.ok(rows.length > 0)
  return rows.filter((row) => sealing && openKey(row, sealing)).length
}

test('after a rotation of the secret the keys are encrypted again', async (t) => {
  const [current, old] = sealings
  await ensureKeys(db, 'EdDSA', { ...signing, secrets: config.secrets.slice(1) })
  t.equal(await opened(t, old), 2)
  const foreign = { ...signing, secrets: [{ kid: '9', secret: `a-third-${secret}` }] }
  await ensureKeys(db, 'ES256', foreign)
  await resealSigningKeys(db, { secrets: config.secrets.slice(1) })
  await deleteExpired(db, config)
  t.equal(await opened(t, current), 2)
  t.equal(await opened(t, old), 0)
  t.equal((await keys.read()).length, 4, 'those of an unknown secret stay as they are')
})

test('with a single secret there is nothing to encrypt again, and no query', async (t) => {
  await ensure()
  const queriesOf = countQueries(t, app)
  t.equal(await queriesOf(() => resealSigningKeys(db, { secrets: config.secrets.slice(0, 1) })), 0)
  t.equal(await queriesOf(() => resealSigningKeys(db, config)), 1, 'with several there is one')
})
