import { mock } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { sql } from 'kysely'
import t, { test } from 'tap'
import { sealEvents } from '../src/audit/sealing.ts'
import { deleteExpired, startHousekeeping } from '../src/housekeeping.ts'
import { idempotencyKeysRepository } from '../src/repositories/idempotency-keys.ts'
import { outboxRepository } from '../src/repositories/outbox.ts'
import { startApp } from './helpers/app.ts'
import { captureLog } from './helpers/log.ts'
import { until } from './helpers/wait.ts'

const { app, config, signUp } = await startApp(t, { settings: { SECURITY_EVENT_TTL: '10d' } })
const { db } = app
const fromNow = (interval: string) => sql<string>`now() + ${interval}::interval`
const hour = 60 * 60 * 1000

/** Creates an expired and a live row of each kind; the live one has this id. */
async function litter() {
  const ann = await signUp()
  const [gone, kept] = [crypto.randomUUID(), crypto.randomUUID()]
  const ages = [
    [gone, '-1 second', '-10 days -1 minute', '-24 hours'],
    [kept, '1 hour', '-10 days 1 minute', '-23 hours -59 minutes']
  ] as const
  for (const [id, end, at, asked] of ages) {
    const hash = Buffer.from(id)
    const expires_at = fromNow(end)
    await db
      .insertInto('sessions')
      .values({ id, user_id: ann.id, refresh_hash: hash, expires_at, access_expires_at: expires_at })
      .execute()
    await db
      .insertInto('personal_tokens')
      .values({ id, user_id: ann.id, hash, name: 'Script', scopes: ['tasks:read'], expires_at })
      .execute()
    await db.insertInto('revocations').values({ key: id, cutoff: 1, expires_at }).execute()
    await db
      .insertInto('idempotency_keys')
      .values({ user_id: ann.id, key: id, fingerprint: hash, resource_id: id, created_at: fromNow(asked) })
      .execute()
    await db
      .insertInto('security_events')
      .values({ id, event: 'login', address: '192.0.2.1', at: fromNow(at) })
      .execute()
  }
  // While the app seals, housekeeping does not, and erases nothing of what is being sealed.
  await until('all events are sealed', () => sealEvents(db))
  return { gone, kept, ann }
}

async function left(id: string) {
  const found = [
    await db.selectFrom('sessions').select('id').where('id', '=', id).execute(),
    await db.selectFrom('revocations').select('id').where('key', '=', id).execute(),
    await db.selectFrom('security_events').select('id').where('id', '=', id).where('address', 'is not', null).execute(),
    await db.selectFrom('idempotency_keys').select('key').where('resource_id', '=', id).execute(),
    await db.selectFrom('personal_tokens').select('id').where('id', '=', id).execute()
  ]
  return found.map((rows) => rows.length)
}

test('exactly the expired rows are deleted, and the addresses of old events are erased', async (t) => {
  const { gone, kept, ann } = await litter()
  await deleteExpired(db, config)
  t.strictSame(await left(gone), [0, 0, 0, 0, 0], 'and what has expired needs no revocation')
  t.strictSame(await left(kept), [1, 1, 1, 1, 1])
  t.equal((await ann.get('/api/auth/sessions')).json().items.length, 2, 'the open session and the kept one')
})

test('challenges and secrets of authenticator apps that were never confirmed are deleted', async (t) => {
  const [ann, ben, cleo] = [await signUp(), await signUp(), await signUp()]
  const secret = Buffer.alloc(1)
  const [gone, live] = [fromNow('-1 second'), fromNow('1 minute')]
  for (const expires_at of [gone, live])
    await db
      .insertInto('login_challenges')
      .values({ user_id: ann.id, hash: Buffer.from(crypto.randomUUID()), expires_at })
      .execute()
  for (const [{ id: user_id }, expires_at] of [
    [ann, gone],
    [ben, live],
    [cleo, null]
  ] as const)
    await db.insertInto('totp_factors').values({ user_id, secret, expires_at }).execute()
  await deleteExpired(db, config)
  t.equal((await db.selectFrom('login_challenges').select('hash').execute()).length, 1)
  const kept = await db.selectFrom('totp_factors').select('user_id').execute()
  t.strictSame(kept.map(({ user_id }) => user_id).sort(), [ben.id, cleo.id].sort())
})

test('keys are deleted in batches, until no expired one is left', async (t) => {
  const { gone, kept } = await litter()
  await Promise.all([litter(), litter(), litter(), litter()])
  await idempotencyKeysRepository(db).removeExpired(2)
  t.strictSame([(await left(gone))[3], (await left(kept))[3]], [0, 1])
  const { count } = db.fn
  const old = sql<boolean>`created_at <= now() - interval '24 hours'`
  const { n } = await db
    .selectFrom('idempotency_keys')
    .select(count('key').as('n'))
    .where(old)
    .executeTakeFirstOrThrow()
  t.equal(Number(n), 0)
})

test('mails are deleted a day after they were done, and expired mail tokens, in batches', async (t) => {
  const write = async (recipient: string, done: string | undefined) => {
    const mail = { id: crypto.randomUUID(), kind: 'reset', recipient, language: 'en', seed: Buffer.alloc(0) }
    await db
      .insertInto('mails')
      .values({ ...mail, ...(done && { done_at: fromNow(done) }) })
      .execute()
  }
  for (let i = 0; i < 5; i++) await write(`old-${i}@example.com`, '-24 hours -1 minute')
  await write('kept@example.com', '-23 hours')
  await write('waiting@example.com', undefined)
  for (const [subject, end] of Object.entries({ gone: '-25 hours', kept: '-23 hours' }))
    await db
      .insertInto('mail_tokens')
      .values({
        ...{ purpose: 'reset', subject, mail_id: crypto.randomUUID(), email: subject, expires_at: fromNow(end) },
        ...{ hash: Buffer.from(subject), code_hash: Buffer.alloc(0) }
      })
      .execute()
  await outboxRepository(db).removeDone(2)
  await deleteExpired(db, config)
  const mails = await db.selectFrom('mails').select('recipient').orderBy('recipient').execute()
  t.strictSame(
    mails.map(({ recipient }) => recipient),
    ['kept@example.com', 'waiting@example.com']
  )
  t.strictSame(await db.selectFrom('mail_tokens').select('subject').execute(), [{ subject: 'kept' }])
})

test('sign-ups that nobody confirmed are deleted after two days', async (t) => {
  for (const [email, at] of Object.entries({ gone: '-48 hours', kept: '-47 hours' }))
    await db
      .insertInto('sign_ups')
      .values({ mail_id: crypto.randomUUID(), email, name: email, password_hash: '', created_at: fromNow(at) })
      .execute()
  await deleteExpired(db, config)
  t.strictSame(await db.selectFrom('sign_ups').select('email').execute(), [{ email: 'kept' }])
})

test('changes of addresses are deleted a day after they can no longer be undone', async (t) => {
  const ann = await signUp()
  for (const [new_email, end] of Object.entries({ gone: '-25 hours', kept: '-23 hours' }))
    await db
      .insertInto('email_changes')
      .values({ user_id: ann.id, old_email: ann.email, new_email, expires_at: fromNow(end) })
      .execute()
  await deleteExpired(db, config)
  t.strictSame(await db.selectFrom('email_changes').select('new_email').execute(), [{ new_email: 'kept' }])
})

test('used challenges of passkeys are deleted a day after they have expired', async (t) => {
  for (const [name, end] of Object.entries({ gone: '-25 hours', kept: '-23 hours' }))
    await db
      .insertInto('used_passkey_challenges')
      .values({ hash: Buffer.from(name), expires_at: fromNow(end) })
      .execute()
  await deleteExpired(db, config)
  const left = await db.selectFrom('used_passkey_challenges').select('hash').execute()
  t.strictSame(
    left.map(({ hash }) => Buffer.from(hash).toString()),
    ['kept']
  )
})

test('housekeeping runs once an hour, until it is stopped', async (t) => {
  mock.timers.enable({ apis: ['setInterval'] })
  t.teardown(() => mock.timers.reset())
  const { log, lines } = captureLog()
  const { gone } = await litter()
  let done = 0
  const stop = startHousekeeping(db, config, log, async () => {
    done += 1
  })
  t.strictSame(await left(gone), [1, 1, 1, 1, 1])
  mock.timers.tick(hour)
  await until('the rows to be gone', async () => !(await left(gone)).some(Boolean))
  await until('the work of the product', () => done === 1)
  stop()
  const later = await litter()
  mock.timers.tick(10 * hour)
  await setImmediate()
  t.strictSame(await left(later.gone), [1, 1, 1, 1, 1])
  t.equal(lines.length, 0)
})

test('a table that refuses a deletion, as one of a later release may, does not keep the others from being cleaned', async (t) => {
  await sql`create function refuse() returns trigger language plpgsql as $$ begin raise exception 'refused'; end $$`.execute(
    db
  )
  await sql`create trigger refuse before delete on sessions for each row execute function refuse()`.execute(db)
  const { gone, kept } = await litter()
  await t.rejects(deleteExpired(db, config), { message: 'refused' })
  t.strictSame(await left(gone), [1, 0, 0, 0, 0])
  t.strictSame(await left(kept), [1, 1, 1, 1, 1])
  await sql`drop trigger refuse on sessions`.execute(db)
  await sql`drop function refuse`.execute(db)
})

test('an error of the database does not stop housekeeping', async (t) => {
  mock.timers.enable({ apis: ['setInterval'] })
  t.teardown(() => mock.timers.reset())
  const { log, lines } = captureLog()
  const closed = await startApp(t)
  await closed.app.close()
  const stop = startHousekeeping(closed.app.db, config, log)
  mock.timers.tick(hour)
  await until('a line', () => lines.length > 0)
  stop()
  t.match(lines, [{ msg: 'housekeeping failed', level: 40 }])
})
