import { type Kysely, sql } from 'kysely'
import t, { type Test, test } from 'tap'
import { anchorOf, readAnchor } from '../../src/audit/anchors.ts'
import { commitmentTo, hashOf } from '../../src/audit/chain.ts'
import { exportPages, exportTo } from '../../src/audit/exporting.ts'
import { prune } from '../../src/audit/pruning.ts'
import { sealEvents } from '../../src/audit/sealing.ts'
import { verify } from '../../src/audit/verifying.ts'
import type { Database } from '../../src/database/tables.ts'
import { createCommandLog } from '../../src/operator/command-log.ts'
import { auditEventsRepository } from '../../src/repositories/audit-events.ts'
import { openEmpty } from '../helpers/databases.ts'
import { captureLog } from '../helpers/log.ts'
import { statementsWait } from '../helpers/races.ts'
import { server } from '../helpers/template.ts'

const skip = !server && 'the embedded database runs one transaction after the other'

const admin = '0198c2a0-0000-7000-8000-00000000000a'
const ann = '0198c2a0-0000-7000-8000-00000000000b'

/** A chain of events, of which one is of a user and one by an admin. The first one happened so many days ago. */
async function chainOf(t: Test, length: number) {
  const { db } = await openEmpty<Database>(t)
  await sql`
    insert into security_events (id, at, event, user_id, address, user_agent, request_id, actor, actor_id, reason)
    select gen_random_uuid(), now() - make_interval(days => ${length} - i, mins => 1), 'login',
      case when i = 3 then ${ann}::uuid end, '192.0.2.1', 'tap', 'request-' || i,
      case when i = 3 then 'admin' else 'user' end, case when i = 3 then ${admin}::uuid end, case when i = 3 then 'ticket 7' end
    from generate_series(1, ${length}::int) as i`.execute(db)
  await sealEvents(db)
  return { db, head: await auditEventsRepository(db).head() }
}

const record = (db: Kysely<Database>) => createCommandLog(db, captureLog().log, 'tester')

/** Gives an event the hash that it would have. */
async function hashAnew(db: Kysely<Database>, position: number): Promise<void> {
  const [before, event] = await auditEventsRepository(db).after(position - 2, 2)
  if (!before || !event) throw new Error('no such event')
  const hash = hashOf(before.hash, position, event)
  await sql`update security_events set hash = ${hash} where position = ${position}`.execute(db)
}

/** Does as the owner of the table can: without the trigger. */
async function tamper(db: Kysely<Database>, ...statements: string[]): Promise<void> {
  await sql`alter table security_events disable trigger user`.execute(db)
  for (const statement of statements) {
    const [, position] = /^HASH (\d+)$/.exec(statement) ?? []
    await (position ? hashAnew(db, Number(position)) : sql.raw(statement).execute(db))
  }
  await sql`alter table security_events enable trigger user`.execute(db)
}

const changed = 'the event was changed, or another one was put in its place'
const beside = 'the address, the user agent or the request id beside the event was changed'
const attacks: Record<string, { statements: string[]; position: number; problem: string }> = {
  'an event that was removed': {
    statements: ['delete from security_events where position = 4'],
    position: 4,
    problem: 'the event is missing'
  },
  'a first event that was removed': {
    statements: ['delete from security_events where position = 1'],
    position: 1,
    problem: 'the event is missing'
  },
  'an event that was changed': {
    statements: ["update security_events set event = 'logout' where position = 4"],
    position: 4,
    problem: changed
  },
  'a subject that was replaced': {
    statements: ['update security_events set user_id = actor_id where position = 3'],
    position: 3,
    problem: changed
  },
  'a number of times that was changed': {
    statements: ['update security_events set times = times + 1 where position = 4'],
    position: 4,
    problem: changed
  },
  'a time that was changed': {
    statements: ["update security_events set at = at - interval '1 ms' where position = 4"],
    position: 4,
    problem: changed
  },
  'an actor that was replaced': {
    statements: ["update security_events set actor = 'command' where position = 3"],
    position: 3,
    problem: changed
  },
  'an admin who was replaced': {
    statements: ['update security_events set actor_id = user_id where position = 3'],
    position: 3,
    problem: changed
  },
  'a session that was named': {
    statements: ['update security_events set session_id = id where position = 4'],
    position: 4,
    problem: changed
  },
  'two events that were swapped': {
    statements: [
      'update security_events set position = -position where position in (4, 6)',
      'update security_events set position = 10 + position where position < 0'
    ],
    position: 4,
    problem: changed
  },
  'an event that was added': {
    statements: [
      'update security_events set position = -position where position >= 4',
      'update security_events set position = 1 - position where position < 0',
      `insert into security_events (id, event, position, hash)
        select gen_random_uuid(), 'login', 4, hash from security_events where position = 3`
    ],
    position: 4,
    problem: changed
  },
  'an event that was removed, with the others moved up': {
    statements: [
      'delete from security_events where position = 4',
      'update security_events set position = -position where position > 4',
      'update security_events set position = -position - 1 where position < 0'
    ],
    position: 4,
    problem: changed
  },
  'a last event that was removed': {
    statements: ['delete from security_events where position = 8'],
    position: 8,
    problem: 'the chain ends at 7, before the event 8 that was sealed last'
  },
  'that the whole end was removed': {
    statements: ['delete from security_events where position > 2'],
    position: 3,
    problem: 'the chain ends at 2, before the event 8 that was sealed last'
  },
  'that all events were removed': {
    statements: ['delete from security_events'],
    position: 1,
    problem: 'the chain ends at 0, before the event 8 that was sealed last'
  },
  'a last event that was replaced with its hash': {
    statements: ["update security_events set event = 'logout' where position = 8", 'HASH 8'],
    position: 8,
    problem: 'the hash is another one than that which was sealed last'
  },
  'an address that was changed': {
    statements: ["update security_events set address = '198.51.100.1' where position = 5"],
    position: 5,
    problem: beside
  },
  'an address that was changed with its commitment': {
    statements: [
      "update security_events set address = 'x', client_salt = null, client_commitment = null where position = 5"
    ],
    position: 5,
    problem: changed
  },
  'an address that was put where one was erased': {
    statements: ["update security_events set address = 'x', user_agent = null, client_salt = null where position = 5"],
    position: 5,
    problem: beside
  },
  'an event that was added before the first one': {
    statements: [
      `insert into security_events (id, event, position, hash) select gen_random_uuid(), 'login', -7, hash
        from security_events where position = 3`
    ],
    position: -7,
    problem: 'an event is before the start of the chain'
  },
  'an event that was moved before the first one': {
    statements: ['update security_events set position = 0 where position = 8'],
    position: 0,
    problem: 'an event is before the start of the chain'
  },
  'an event that was added after a gap': {
    statements: [
      `insert into security_events (id, event, position, hash) select gen_random_uuid(), 'login', 900, hash
        from security_events where position = 3`
    ],
    position: 9,
    problem: 'the event is missing'
  },
  'many events that were removed': {
    statements: [
      `insert into security_events (id, event, position, hash) select gen_random_uuid(), 'login', i, hash
        from security_events, generate_series(500, 600) as i where position = 3`,
      'delete from security_events where position between 4 and 550'
    ],
    position: 4,
    problem: 'the event is missing'
  },
  'a salt without a commitment': {
    statements: ["update security_events set reason_salt = '\\x00' where position = 5"],
    position: 5,
    problem: 'the reason beside the event was changed'
  },
  'a reason that was changed': {
    statements: ["update security_events set reason = 'ticket 8' where position = 3"],
    position: 3,
    problem: 'the reason beside the event was changed'
  }
}

const attacked = await chainOf(t, 8)
await sql`create table sealed_events as select * from security_events`.execute(attacked.db)

for (const [what, { statements, position, problem }] of Object.entries(attacks))
  test(`verifying finds ${what}, and where`, async (t) => {
    const { db, head } = attacked
    await tamper(db, 'truncate security_events', 'insert into security_events select * from sealed_events')
    t.strictSame(await verify(db), { events: 8, start: 0, head })
    await tamper(db, ...statements)
    for (const size of [1, 3, 100])
      t.strictSame((await verify(db, { size })).broken, { position, problem }, `${size} at a time`)
  })

test('an intact chain verifies, with any page size', async (t) => {
  const { db, head } = await chainOf(t, 8)
  const seen: number[] = []
  const verdict = await verify(db, { size: 3, anchor: head, onProgress: (events) => seen.push(events) })
  t.strictSame(verdict, { events: 8, start: 0, head })
  t.strictSame(seen, [3, 6, 8, 8])
  const { db: empty } = await openEmpty<Database>(t)
  t.match(await verify(empty), { events: 0, start: 0, head: { position: 0 }, broken: undefined })
})

/** Does what the owner of the table of the head can do. */
async function moveHead(db: Kysely<Database>, position: number): Promise<void> {
  await sql`alter table gatehouse_audit_head disable trigger user`.execute(db)
  await sql`update gatehouse_audit_head set (position, hash) =
    (select position, hash from security_events where position = ${position})`.execute(db)
  await sql`alter table gatehouse_audit_head enable trigger user`.execute(db)
}

test('after an event was removed, new ones are sealed, and each verification reports the missing one', async (t) => {
  const { db } = await chainOf(t, 8)
  await tamper(db, 'delete from security_events where position = 8')
  for (const _ of [1, 2]) {
    await sql`insert into security_events (id, event) values (gen_random_uuid(), 'login')`.execute(db)
    await sealEvents(db)
    t.strictSame((await verify(db)).broken, { position: 8, problem: 'the event is missing' })
  }
  t.equal((await auditEventsRepository(db).head()).position, 10)
})

test('the database refuses to move the head of the chain back', async (t) => {
  const { db } = await chainOf(t, 3)
  for (const statement of [
    'delete from gatehouse_audit_head',
    'truncate gatehouse_audit_head',
    'update gatehouse_audit_head set position = 2',
    "update gatehouse_audit_head set hash = ''"
  ])
    await t.rejects(sql.raw(statement).execute(db), { message: /only moves on/ }, statement)
})

test('the tables for the start and the head of the chain and for the end of the shared secret have one row each', async (t) => {
  const { db } = await chainOf(t, 1)
  const rows = {
    audit_start: "position, hash) values (1, ''",
    gatehouse_audit_head: "position, hash) values (1, ''",
    shared_secret_use: 'accepted_until) values (now()'
  }
  for (const [table, row] of Object.entries(rows)) {
    await sql.raw(`insert into ${table} (${row}) on conflict do nothing`).execute(db)
    await t.rejects(sql.raw(`insert into ${table} (${row})`).execute(db), { message: /duplicate key/ }, table)
    const another = row.replace('values (', 'values (false, ')
    await t.rejects(
      sql.raw(`insert into ${table} (id, ${another})`).execute(db),
      { message: /check constraint/ },
      table
    )
  }
})

test('the database refuses events that are inserted with a place in the chain', async (t) => {
  const { db } = await chainOf(t, 3)
  for (const [position, hash] of [
    ['4', "'\\x00'"],
    ['-1', "'\\x00'"],
    ['4', 'null'],
    ['null', "'\\x00'"]
  ])
    await t.rejects(
      sql`insert into security_events (id, event, position, hash)
        values (gen_random_uuid(), 'login', ${sql.raw(`${position}, ${hash}`)})`.execute(db),
      { message: /without a position/ }
    )
  await sql`insert into security_events (id, event) values (gen_random_uuid(), 'login')`.execute(db)
  await sealEvents(db)
  t.match(await verify(db), { events: 4, broken: undefined })
})

test('an externally stored head reveals that the chain was truncated or rewritten', async (t) => {
  const { db, head } = await chainOf(t, 8)
  t.equal((await verify(db, { anchor: readAnchor(` ${anchorOf(head)}\n`) })).broken, undefined)
  await tamper(db, 'delete from security_events where position > 6')
  await moveHead(db, 6)
  t.equal((await verify(db)).broken, undefined, 'the chain by itself cannot show it')
  t.strictSame((await verify(db, { anchor: head })).broken, {
    position: 7,
    problem: 'the chain ends at 6, before the event 8 of the given head'
  })
  await sql`insert into security_events (id, event) select gen_random_uuid(), 'login' from generate_series(1, 5)`.execute(
    db
  )
  await sealEvents(db)
  t.equal((await verify(db)).broken, undefined)
  t.strictSame((await verify(db, { anchor: head })).broken, {
    position: 8,
    problem: 'the hash is another one than that of the given head'
  })
})

test('a malformed head is refused', (t) => {
  for (const text of [
    '',
    '1',
    `x:${'a'.repeat(64)}`,
    `1:${'a'.repeat(63)}`,
    `1:${'a'.repeat(65)}`,
    `-1:${'a'.repeat(64)}`
  ])
    t.throws(() => readAnchor(text), { message: /^--head must be a position and a hash/ })
  t.end()
})

test('personal data in events can be erased, and the chain still verifies', async (t) => {
  const { db, head } = await chainOf(t, 8)
  const audit = auditEventsRepository(db)
  await audit.eraseClientsOlderThan(5 * 24 * 60 * 60, 1)
  const addresses = async () => (await audit.after(0, 10)).map(({ address }) => address !== null)
  t.strictSame(await addresses(), [false, false, false, true, true, true, true, true])
  t.match((await audit.after(2, 1))[0], { user_agent: null, request_id: null, client_salt: null, reason: 'ticket 7' })
  await audit.eraseUser(ann)
  t.match((await audit.after(2, 1))[0], { user_id: ann, reason: null, reason_salt: null })
  t.equal((await verify(db, { anchor: head })).broken, undefined)
})

test('when an admin is deleted, the reasons of their operations remain, and their address is erased', async (t) => {
  const { db } = await chainOf(t, 4)
  await auditEventsRepository(db).eraseUser(admin)
  const [event] = await auditEventsRepository(db).after(2, 1)
  t.match(event, { actor_id: admin, reason: 'ticket 7', address: null, user_agent: null, request_id: null })
  t.equal((await verify(db)).broken, undefined)
})

test('pruning removes the oldest events, and the rest still verifies', async (t) => {
  const { db, head } = await chainOf(t, 9)
  const audit = auditEventsRepository(db)
  const old = (await audit.after(2, 1))[0]
  const before = new Date(Date.now() - 5 * 24 * 60 * 60 * 1000).toISOString()
  t.strictSame(await audit.prunable(before), { count: 4, last: 4 })
  const seen: number[] = []
  t.equal(await prune(db, before, record(db), { size: 2, onProgress: (removed) => seen.push(removed) }), 4)
  t.strictSame(seen, [2, 4, 4])
  const verdict = await verify(db, { anchor: head })
  t.match(verdict, { events: 7, start: 4, broken: undefined })
  const told = await audit.after(head.position, 10)
  const common = { event: 'audit.pruned', actor: 'command', user_agent: 'command line of tester' }
  t.match(told, [
    { ...common, reason: `before ${before}: 2 events, up to position 2` },
    { ...common, reason: `before ${before}: 2 events, up to position 4` }
  ])

  t.equal(await prune(db, before, record(db)), 0, 'a second run removes nothing, and tells of nothing')
  t.equal((await audit.after(head.position, 10)).length, 2)
  t.match((await verify(db, { anchor: old })).broken, { position: 3, problem: /^pruned/ })
  const start = await audit.start()
  t.equal((await verify(db, { anchor: start })).broken, undefined)
  const other = { position: start.position, hash: Buffer.alloc(32) }
  t.match((await verify(db, { anchor: other })).broken, { position: 4, problem: /another one/ })

  await tamper(db, 'delete from security_events where position = 5')
  t.strictSame((await verify(db)).broken, { position: 5, problem: 'the event is missing' })
})

test('if the pruning cannot be recorded as an event, no event is pruned', async (t) => {
  const { db, head } = await chainOf(t, 4)
  const failing = async () => {
    throw new Error('not recorded')
  }
  await t.rejects(prune(db, new Date().toISOString(), failing), { message: 'not recorded' })
  t.match(await verify(db, { anchor: head }), { events: 4, start: 0, broken: undefined })
})

test('verification finds an event inserted before the start of a pruned chain', async (t) => {
  const { db } = await chainOf(t, 5)
  await prune(db, new Date(Date.now() - 2 * 24 * 60 * 60 * 1000).toISOString(), record(db))
  await tamper(
    db,
    `insert into security_events (id, event, position, hash)
      select gen_random_uuid(), 'login', 2, hash from security_events where position = 5`
  )
  t.strictSame((await verify(db)).broken, { position: 2, problem: 'an event is before the start of the chain' })
})

test('all events can be pruned, and the chain goes on', async (t) => {
  const { db } = await chainOf(t, 3)
  const audit = auditEventsRepository(db)
  const now = new Date().toISOString()
  t.strictSame(await audit.prunable(now), { count: 3, last: 3 })
  await prune(db, now, record(db))
  t.match(await verify(db), { events: 1, start: 3, head: { position: 4 }, broken: undefined })
  t.strictSame(await audit.prunable('2020-01-01'), { count: 0, last: null })
})

test('events that are pruned while the chain is verified are not missed', async (t) => {
  const { db, head } = await chainOf(t, 9)
  const before = new Date(Date.now() - 3 * 24 * 60 * 60 * 1000).toISOString()
  let pages = 0
  const pruning = db.withPlugin({
    transformQuery: ({ node }) => node,
    async transformResult({ result }) {
      if (result.rows.some((row) => 'event' in row)) pages += 1
      if (pages === 1) await prune(db, before, record(db))
      return result
    }
  })
  t.match(await verify(pruning, { size: 2, anchor: head }), { events: 6, start: 6, broken: undefined })
  t.ok(pages > 2)
})

test('the export has every event after a position, with what is needed to verify it elsewhere', async (t) => {
  const { db, head } = await chainOf(t, 7)
  const taken: number[] = []
  let text = ''
  for await (const { lines, position } of exportPages(db, 2, 2)) {
    text += lines
    taken.push(position)
  }
  t.strictSame(taken, [4, 6, 7])
  const lines = text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  t.strictSame(
    lines.map(({ position }) => position),
    [3, 4, 5, 6, 7]
  )
  const bytes = (hex: string | null) => (hex === null ? null : Buffer.from(hex, 'hex'))
  let previous: Buffer = Buffer.from((await auditEventsRepository(db).after(1, 1))[0]?.hash as Buffer)
  for (const line of lines) {
    const client_commitment = commitmentTo(bytes(line.client_salt), [line.address, line.user_agent, line.request_id])
    const reason_commitment = commitmentTo(bytes(line.reason_salt), [line.reason])
    previous = hashOf(previous, line.position, { ...line, client_commitment, reason_commitment })
    t.equal(line.hash, previous.toString('hex'))
  }
  t.ok(previous.equals(head.hash))
  t.match(lines[0], {
    user_id: ann,
    actor: 'admin',
    actor_id: admin,
    reason: 'ticket 7',
    address: '192.0.2.1',
    times: 1
  })
})

test('pruning removes the events before the given time, and keeps one at exactly that time', async (t) => {
  const { db } = await chainOf(t, 4)
  const [, second] = await auditEventsRepository(db).after(0, 2)
  const then = Date.parse(second?.at ?? '')
  const at = (milliseconds: number) => new Date(then + milliseconds).toISOString()
  t.equal(await prune(db, at(0), record(db)), 1)
  t.strictSame(await auditEventsRepository(db).prunable(at(0)), { count: 0, last: null })
  t.strictSame(await auditEventsRepository(db).prunable(at(1)), { count: 1, last: 2 })
  t.equal(await prune(db, at(1), record(db)), 1)
})

test('a given head reveals that the last event was removed, even if the head in the database was moved back', async (t) => {
  const { db, head } = await chainOf(t, 4)
  await tamper(db, 'delete from security_events where position = 4')
  await moveHead(db, 3)
  t.equal((await verify(db)).broken, undefined, 'the database alone does not show it')
  t.match((await verify(db, { anchor: head })).broken, { position: 4, problem: /of the given head/ })
})

test('pruning waits for a process that seals', { skip }, async (t) => {
  const { db } = await chainOf(t, 5)
  const { pruned } = await db.transaction().execute(async (trx) => {
    t.ok(await auditEventsRepository(trx).claim())
    const pruned = prune(db, new Date().toISOString(), record(db))
    const first = await Promise.race([pruned.then(() => 'done'), statementsWait(db, 1).then(() => 'waits')])
    t.equal(first, 'waits')
    return { pruned }
  })
  t.equal(await pruned, 5)
})

test('an export stops when its output is closed or on Ctrl+C, and reports the last event written completely', async (t) => {
  const { db } = await chainOf(t, 7)
  async function exported(pages: number, code?: number) {
    let [written, last] = [0, 0]
    const result = await exportTo(
      {
        async write() {
          written += 1
          return code !== undefined || written <= pages
        },
        onTaken: (position) => {
          last = position
        },
        interrupted: () => (written >= pages ? code : undefined)
      },
      db,
      0,
      2
    )
    return [result, last]
  }
  t.strictSame(await exported(9), [undefined, 7], 'all')
  t.strictSame(await exported(2), [undefined, 4], 'the third write fails')
  t.strictSame(await exported(3, 130), [130, 6])
})
