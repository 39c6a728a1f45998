import { mock } from 'node:test'
import { sql } from 'kysely'
import t, { test } from 'tap'
import { commitmentTo, hashOf } from '../../src/audit/chain.ts'
import { createSealer, sealDelay, sealEvents } from '../../src/audit/sealing.ts'
import { createSecurityLog } from '../../src/auth/security-log.ts'
import { auditEventsRepository, origin } from '../../src/repositories/audit-events.ts'
import { securityEventsRepository } from '../../src/repositories/security-events.ts'
import { clientAt } from '../helpers/accounts.ts'
import { startApp } from '../helpers/app.ts'
import { captureLog } from '../helpers/log.ts'
import { until } from '../helpers/wait.ts'

const { app, signUp } = await startApp(t)
const { db } = app
const audit = auditEventsRepository(db)
const events = securityEventsRepository(db)
const login = { event: 'login', address: '192.0.2.1', user_agent: 'tap' } as const
const all = () => audit.after(0, 1_000)

test('every event gets a place in the chain, in the order in which it happened', async (t) => {
  for (let i = 0; i < 7; i++) await events.insert({ ...login, reason: i === 3 ? 'a reason' : null })
  t.strictSame(await audit.waiting().then(({ count }) => count), 7)
  t.equal(await sealEvents(db, { size: 2 }), true)
  const sealed = await all()
  t.strictSame(
    sealed.map(({ position }) => position),
    [1, 2, 3, 4, 5, 6, 7]
  )
  let previous = origin.hash
  for (const event of sealed) {
    const client = [event.address, event.user_agent, event.request_id]
    t.strictSame(
      event.client_commitment && Buffer.from(event.client_commitment),
      commitmentTo(event.client_salt, client)
    )
    t.strictSame(Buffer.from(event.hash), hashOf(previous, event.position, event))
    previous = event.hash
  }
  t.equal(new Set(sealed.map(({ client_salt }) => String(client_salt))).size, 7, 'each has a salt of its own')
  t.strictSame(
    sealed.filter(({ reason_salt, reason }) => reason_salt && reason).map(({ position }) => position),
    [4]
  )
  t.strictSame(await audit.waiting(), { count: 0, oldest: null })
  t.match(await audit.head(), { position: 7 })
})

test('a long queue is sealed in batches, and progress is reported after each batch', async (t) => {
  const { position } = await audit.head()
  await sql`insert into security_events (id, at, event)
    select gen_random_uuid(), now() - make_interval(mins => (i * 7) % 10), 'login' from generate_series(1, 10) as i`.execute(
    db
  )
  const seen: number[] = []
  t.equal(await sealEvents(db, { size: 4, onProgress: (sealed) => seen.push(sealed) }), true)
  t.strictSame(seen, [4, 8, 10])
  const times = (await audit.after(position, 100)).map(({ at }) => at)
  t.equal(times.length, 10)
  t.strictSame(times, [...times].sort(), 'in the order in which they happened')
})

test('many processes that seal concurrently give each event exactly one position', async (t) => {
  for (let i = 0; i < 40; i++) await events.insert(login)
  const { position } = await audit.head()
  await until('every event to be sealed', async () => {
    await Promise.all([1, 2, 3, 4].map(() => sealEvents(db, { size: 7 })))
    return (await audit.waiting()).count === 0
  })
  const added = await audit.after(position, 1_000)
  t.strictSame(
    added.map((event) => event.position - position),
    added.map((_, i) => i + 1)
  )
  t.equal(new Set(added.map(({ id }) => id)).size, 40)
})

test('while another process seals, sealing does nothing and returns false', async (t) => {
  await events.insert(login)
  const elsewhere = db.withPlugin({
    transformQuery: ({ node }) => node,
    transformResult: async ({ result }) => ({
      ...result,
      rows: result.rows.map((row) => ('claimed' in row ? { claimed: false } : row))
    })
  })
  t.equal(await sealEvents(elsewhere), false)
  t.equal((await audit.waiting()).count, 1)
  t.equal(await sealEvents(db), true)
})

test('an event that is committed late gets a later position, so a reader that continues misses nothing', async (t) => {
  const late = crypto.randomUUID()
  const { position } = await audit.head()
  await events.insert(login)
  await sealEvents(db)
  await db
    .insertInto('security_events')
    .values({ id: late, event: 'login', at: sql<string>`now() - interval '1 minute'` })
    .execute()
  await sealEvents(db)
  t.strictSame(
    (await audit.after(position + 1, 10)).map(({ id }) => id),
    [late]
  )
})

test('sealing keeps no address and no user agent of a deleted user, even if the event was recorded after the deletion', async (t) => {
  const { position } = await audit.head()
  const user_id = crypto.randomUUID()
  await events.insert({ ...login, user_id, request_id: 'request-1' })
  await events.insert({ ...login, user_id, actor: 'admin', actor_id: crypto.randomUUID() })
  await events.insert({ ...login, user_id: null })
  await sealEvents(db)
  const [gone, byAdmin, unknown] = await audit.after(position, 10)
  const erased = { address: null, user_agent: null, request_id: null, client_salt: null, client_commitment: null }
  t.match(gone, { user_id, ...erased })
  t.match([byAdmin, unknown], [{ address: '192.0.2.1' }, { address: '192.0.2.1' }])
})

const changes: Record<string, string> = {
  'the event': "set event = 'logout'",
  'the user': 'set user_id = gen_random_uuid()',
  'the time': "set at = at - interval '1 day'",
  'the actor': "set actor = 'command'",
  'how often': 'set times = 2',
  'the place': 'set position = position + 1000000',
  'the hash': "set hash = '\\x00'",
  'a commitment': "set client_commitment = '\\x00'",
  'a salt': "set client_salt = '\\x00'",
  'the address': "set address = '198.51.100.1'",
  'the user agent': "set user_agent = 'another one'",
  'the request': "set request_id = 'another one'",
  'the reason': "set reason = 'another one'",
  'the salt of the reason': "set reason_salt = '\\x00'",
  'the commitment to the reason': "set reason_commitment = '\\x00'",
  'the session': 'set session_id = gen_random_uuid()',
  'the admin': 'set actor_id = gen_random_uuid()',
  'the id': 'set id = gen_random_uuid()'
}

for (const [what, change] of Object.entries(changes))
  test(`the database refuses to change ${what} of an event`, async (t) => {
    await events.insert({ ...login, reason: 'a reason' })
    await sealEvents(db)
    await t.rejects(sql.raw(`update security_events ${change}`).execute(db), { message: /append-only: update refused/ })
  })

test('the database refuses to change an event that is not sealed yet, and to remove events', async (t) => {
  await events.insert(login)
  for (const [statement, refused] of Object.entries({
    "update security_events set event = 'logout' where position is null": 'update',
    "update security_events set position = 9, hash = '\\x00', event = 'logout' where position is null": 'update',
    'update security_events set position = 9 where position is null': 'update',
    "update security_events set hash = '\\x00' where position is null": 'update',
    "update security_events set client_salt = '\\x00' where position is null": 'update',
    'delete from security_events where position is null': 'delete',
    'delete from security_events': 'delete',
    'truncate security_events': 'truncate'
  }))
    await t.rejects(sql.raw(statement).execute(db), {
      message: `security events are append-only: ${refused} refused`,
      hint: 'Old events are removed with the command audit prune'
    })
  await sealEvents(db)
})

test('the database refuses a second event at the same position', async (t) => {
  await events.insert(login)
  const { position } = await audit.head()
  await t.rejects(
    sql`update security_events set position = ${position}, hash = '\\x00' where position is null`.execute(db),
    { message: /duplicate key/ }
  )
  await sealEvents(db)
})

test('an event is sealed soon after it was recorded, and at the latest when the service closes', async (t) => {
  const other = await startApp(t)
  const waiting = async () => (await auditEventsRepository(other.app.db).waiting()).count
  mock.timers.enable({ apis: ['setTimeout'] })
  t.teardown(() => mock.timers.reset())
  await other.signUp()
  t.not(await waiting(), 0)
  mock.timers.tick(sealDelay)
  await until('the event to be sealed', async () => (await waiting()) === 0)

  const { log, lines } = captureLog()
  const sealer = createSealer(db, log)
  await events.insert(login)
  sealer.wake()
  sealer.wake()
  await sealer.stop()
  t.equal((await audit.waiting()).count, 0)
  await events.insert(login)
  sealer.wake()
  await sealer.stop()
  t.equal((await audit.waiting()).count, 1, 'after it was stopped it does nothing')
  await sealEvents(db)
  t.equal(lines.length, 0)
})

test('a process that stops seals one batch, and leaves a long queue to others', async (t) => {
  for (let i = 0; i < 5; i++) await events.insert(login)
  t.equal(await sealEvents(db, { size: 2, isStopped: () => true }), false)
  t.equal((await audit.waiting()).count, 3)
  await sealEvents(db)
  await sql`insert into security_events (id, event) select gen_random_uuid(), 'login' from generate_series(1, 501)`.execute(
    db
  )
  const sealer = createSealer(db, captureLog().log)
  sealer.wake()
  await sealer.stop()
  t.equal((await audit.waiting()).count, 1)
  await sealEvents(db)
})

test('while the database is unreachable, sealing is retried, and the log has one warning', async (t) => {
  const broken = await startApp(t)
  await broken.app.close()
  const { log, lines } = captureLog()
  let tries = 0
  const failing = new Proxy(broken.app.db, {
    get(target, name) {
      if (name === 'transaction') tries += 1
      return Reflect.get(target, name)
    }
  })
  mock.timers.enable({ apis: ['setTimeout'] })
  t.teardown(() => mock.timers.reset())
  const sealer = createSealer(failing, log)
  sealer.wake()
  await until('two tries', () => {
    mock.timers.tick(sealDelay)
    return tries >= 2
  })
  await sealer.stop()
  t.match(lines, [{ msg: 'security events not sealed; trying again', level: 40 }])
  t.equal(lines.length, 1)
})

test('the log records who acted, why, and in which request', async (t) => {
  const { log, lines } = captureLog()
  let stored = 0
  const security = createSecurityLog(events, log, Date.now, () => {
    stored += 1
  })
  const { position } = await audit.head()
  const [admin, subject] = [await signUp(), await signUp()]
  const client = { ...clientAt('192.0.2.7'), requestId: 'request-2' }
  const who = { user_id: subject.id, actor: { kind: 'admin', id: admin.id }, reason: 'ticket 7' } as const
  const committed = await db.transaction().execute((trx) => security.recordWithin(trx, 'sessions.ended', client, who))
  t.equal(lines.length + stored, 0, 'nothing is told before the commit')
  committed()
  await security.record('login', client, { user_id: subject.id })
  await security.record('login.failed', client, { user_id: subject.id, account: 'x' })
  await security.record('audit.pruned', { ip: '', prefix: '', userAgent: null }, { actor: { kind: 'command' } })
  t.equal(stored, 4)
  const about = { user_id: subject.id, address: '192.0.2.7', request_id: 'request-2' }
  // While the app seals, this process does not.
  await until('all to be sealed', () => sealEvents(db))
  t.match((await audit.after(position, 10)).slice(-4), [
    { event: 'sessions.ended', ...about, actor: 'admin', actor_id: admin.id, reason: 'ticket 7' },
    { event: 'login', ...about, actor: 'user', actor_id: null },
    { event: 'login.failed', ...about, actor: 'anonymous' },
    { event: 'audit.pruned', user_id: null, actor: 'command', address: null, user_agent: null, request_id: null }
  ])
  t.match(lines[0], { event: 'sessions.ended', actor: 'admin', actor_id: admin.id, request_id: 'request-2' })
  t.notMatch(JSON.stringify(lines), 'ticket 7', 'a reason may name a person')

  const undone = db.transaction().execute(async (trx) => {
    await security.recordWithin(trx, 'sessions.ended', client, who)
    throw new Error('undone')
  })
  await t.rejects(undone, { message: 'undone' })
  await sealEvents(db)
  t.match((await all()).at(-1), { event: 'audit.pruned' }, 'an operation that fails leaves no event')
})
