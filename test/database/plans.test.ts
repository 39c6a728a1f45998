import { type Compilable, CompiledQuery, type Kysely, type KyselyPlugin, sql } from 'kysely'
import t, { test } from 'tap'
import { sealEvents } from '../../src/audit/sealing.ts'
import { readHashKinds } from '../../src/auth/passwords/hash-kinds.ts'
import type { Database } from '../../src/database/tables.ts'
import { deleteExpired } from '../../src/housekeeping.ts'
import { pageQuery } from '../../src/repositories/keyset.ts'
import { earlierMails } from '../../src/repositories/outbox.ts'
import { personalDataRepository } from '../../src/repositories/personal-data.ts'
import { listQuery as activityQuery, securityEventsRepository } from '../../src/repositories/security-events.ts'
import { sessionsRepository } from '../../src/repositories/sessions.ts'
import { fillTaskKeys } from '../../src/repositories/task-key-filling.ts'
import { taskKeyset } from '../../src/repositories/task-lists.ts'
import { tasksRepository } from '../../src/repositories/tasks.ts'
import { usersRepository } from '../../src/repositories/users.ts'
import { startApp } from '../helpers/app.ts'
import { until } from '../helpers/wait.ts'

interface Plan {
  'Node Type': string
  'Relation Name'?: string
  'Index Name'?: string
  'Index Cond'?: string
  Filter?: string
  Plans?: Plan[]
}
type Explained = { 'QUERY PLAN': [{ Plan: Plan }] }

const { app, config, signUp } = await startApp(t)
const [ann, ben, cleo] = [await signUp(), await signUp(), await signUp()]
const list = tasksRepository(app.db).list

for (const { id } of [ann, ben, cleo])
  await sql`
    insert into tasks (id, user_id, title, completed, created_at)
    select gen_random_uuid(), ${id}::uuid, 'task ' || i % 500, i % 3 = 0, '2026-01-01'::timestamptz + i % 700 * interval '1s'
    from generate_series(1, 2000) as i`.execute(app.db)
await sql`analyze tasks`.execute(app.db)
await sql`
  insert into security_events (id, event, user_id, at)
  select gen_random_uuid(), 'login', u.id, '2026-01-01'::timestamptz + i % 700 * interval '1s'
  from generate_series(1, 2000) as i, users as u`.execute(app.db)
// Of other users, so that a page of one user is a small part of the table.
await sql`
  insert into security_events (id, event, user_id, at)
  select gen_random_uuid(), 'login', other.id, '2026-01-01'::timestamptz + i % 700 * interval '1s'
  from generate_series(1, 25) as i, (select gen_random_uuid() as id from generate_series(1, 200)) as other`.execute(
  app.db
)
await sql`analyze security_events`.execute(app.db)

const nodes = (plan: Plan): Plan[] => [plan, ...(plan.Plans ?? []).flatMap(nodes)]

const partial = new Set(['tasks_without_keys', 'security_events_unsealed', 'security_events_with_client'])

/** Tables of a handful of rows. */
const small = new Set(['signing_keys'])

/** Plan nodes that slow down as tables grow: sequential scans, sorts, and filters. */
const faults = (plan: Plan): string[] =>
  nodes(plan)
    .filter(({ 'Relation Name': table = '' }) => !small.has(table))
    .flatMap(({ 'Node Type': type, 'Relation Name': table, 'Index Name': index, Filter }) => [
      ...(type === 'Seq Scan' || /Sort/.test(type) ? [`${type} ${table ?? ''}`] : []),
      // PostgreSQL checks the condition of a partial index again for locked rows.
      ...(Filter && !partial.has(index ?? '') ? [`${type} ${table ?? ''}: ${Filter}`] : [])
    ])

/** The generic plan of a prepared statement. */
function genericPlan(query: Compilable): Promise<Plan | undefined> {
  const { sql: text, parameters } = query.compile()
  return app.db.transaction().execute(async (trx) => {
    await sql`set local plan_cache_mode = force_generic_plan`.execute(trx)
    await sql.raw(`prepare page as ${text}`).execute(trx)
    const values = sql.join(parameters.map((value) => sql.lit(value)))
    const { rows } = await sql<Explained>`explain (format json) execute page(${values})`.execute(trx)
    await sql`deallocate page`.execute(trx)
    return rows[0]?.['QUERY PLAN'][0].Plan
  })
}

const positions = { created: '2026-01-01T00:05:00.000Z', title: 'task 3250' }

for (const sort of ['created', 'title'] as const)
  for (const order of ['asc', 'desc'] as const)
    for (const status of ['all', 'pending', 'completed'] as const)
      for (const after of [undefined, { value: positions[sort], id: crypto.randomUUID() }])
        test(`a page by ${sort}, ${order}, ${status}, ${after ? 'later' : 'first'} is a range of an index`, async (t) => {
          const options = { status, sort, order }
          t.equal((await list(ann.id, { ...options, limit: 20, after })).items.length, 20)
          const values = { userId: ann.id, limit: 21, last: after?.value, lastId: after?.id }
          const shape = { sort, order, filter: status, isLater: after !== undefined }
          const plan = await genericPlan(
            pageQuery(taskKeyset(app.db), shape, (name) => sql.val<never>(values[name] as never))
          )
          t.strictSame(plan && nodes(plan).map((node) => node['Node Type']), ['Limit', 'Index Scan'])
          t.strictSame(plan && faults(plan), [])
        })

/** The plans of all statements, with sequential scans, bitmap scans and sorts disabled, as planned for large tables. */
async function plansOf(work: (db: Kysely<Database>) => Promise<unknown>): Promise<{ text: string; plan: Plan }[]> {
  const queries: CompiledQuery[] = []
  const recorder: KyselyPlugin = {
    transformQuery({ node, queryId }) {
      queries.push(app.db.getExecutor().compileQuery(node, queryId))
      return node
    },
    transformResult: async ({ result }) => result
  }
  await work(app.db.withPlugin(recorder))
  return app.db.transaction().execute(async (trx) => {
    for (const way of ['seqscan', 'bitmapscan', 'sort'])
      await sql`set local ${sql.raw(`enable_${way}`)} = off`.execute(trx)
    const plans = []
    for (const { sql: text, parameters } of queries) {
      const explain = CompiledQuery.raw(`explain (format json) ${text}`, [...parameters])
      const { rows } = await trx.executeQuery<Explained>(explain)
      plans.push({ text, plan: rows[0]?.['QUERY PLAN'][0].Plan as Plan })
    }
    return plans
  })
}

test('housekeeping finds what has expired in an index of each table, without a filter or a sort', async (t) => {
  await deleteExpired(app.db, config)
  await fillTaskKeys(app.db)
  // While the app seals, housekeeping does not.
  await until('all events are sealed', () => sealEvents(app.db))
  await sql`vacuum analyze tasks, security_events`.execute(app.db)
  const plans = await plansOf(async (db) => {
    await deleteExpired(db, config)
    await fillTaskKeys(db)
  })
  for (const index of [
    'sessions_by_expiry',
    'revocations_by_expiry',
    'idempotency_keys_by_time',
    'security_events_with_client',
    'security_events_unsealed',
    'login_challenges_by_expiry',
    'totp_factors_by_expiry',
    'used_passkey_challenges_by_expiry',
    'personal_tokens_by_expiry',
    'tasks_without_keys'
  ])
    t.ok(
      plans.some(({ plan }) => nodes(plan).some((node) => node['Index Name'] === index)),
      index
    )
  // There are never more than a few signing keys.
  for (const { text, plan } of plans.filter(({ text }) => !text.includes('"signing_keys"')))
    t.strictSame(faults(plan), [], text)
  // A condition on a later column alone reads the whole index.
  const { rows: firsts } = await sql<{ name: string; first: string }>`
    select indexrelid::regclass::text as name, pg_get_indexdef(indexrelid, 1, true) as first from pg_index`.execute(
    app.db
  )
  for (const node of plans.flatMap(({ plan }) => nodes(plan))) {
    const { 'Index Name': index, 'Index Cond': condition } = node
    const first = firsts.find(({ name }) => name === index)?.first
    if (condition !== undefined) t.match(condition, new RegExp(`\\b${first}\\b`), String(index))
  }
})

const lookUps: Record<string, { index: string; look: (db: Kysely<Database>) => Promise<unknown> }> = {
  'the user of an email': { index: 'users_email', look: (db) => usersRepository(db).findLogin(ann.email) },
  'the user of an issuer': { index: 'users_issuer_subject', look: (db) => usersRepository(db).findForeign('i', 's') },
  'the kinds of the stored hashes': { index: 'users_by_hash_kind', look: readHashKinds },
  'the addresses of a user': {
    index: 'security_events_by_kind',
    look: (db) => securityEventsRepository(db).hasLoggedInFrom(ann.id, '127.0.0.1')
  }
}
for (const [what, { index, look }] of Object.entries(lookUps))
  test(`a login finds ${what} in an index, without a filter or a sort`, async (t) => {
    for (const { text, plan } of await plansOf(look)) {
      t.strictSame(faults(plan), [], text)
      const used = nodes(plan).flatMap((node) => node['Index Name'] ?? [])
      t.ok(used.length > 0 && used.every((name) => name === index), used.join())
    }
  })

test("a user's sessions are found in an index", async (t) => {
  const plans = await plansOf(async (db) => {
    const sessions = sessionsRepository(db, config)
    await sessions.list(ann.id)
    await sessions.removeUnused(ann.id, 1000)
  })
  for (const { text, plan } of plans) {
    t.notOk(
      nodes(plan).some((node) => node['Node Type'] === 'Seq Scan'),
      text
    )
    t.ok(
      nodes(plan).some((node) => node['Index Name'] === 'sessions_by_user'),
      text
    )
  }
})

for (const after of [undefined, { at: '2026-01-01T00:05:00.000Z', id: crypto.randomUUID() }])
  test(`a ${after ? 'later' : 'first'} page of activity is a range of an index`, async (t) => {
    const plan = await genericPlan(activityQuery(app.db, ann.id, { limit: 21, after }))
    const used = plan && nodes(plan).map((node) => node['Index Name'] ?? node['Node Type'])
    t.strictSame(used, ['Limit', 'security_events_by_user_time'])
    t.strictSame(plan && faults(plan), [])
  })

test('every foreign key to users is indexed', async (t) => {
  const { rows } = await sql<{ name: string; is_indexed: boolean }>`
    select conrelid::regclass || '.' || attname as name,
      exists (select from pg_index where indrelid = conrelid and indkey[0] = attnum) as is_indexed
    from pg_constraint join pg_attribute on attrelid = conrelid and attnum = conkey[1]
    where contype = 'f' and confrelid = 'users'::regclass`.execute(app.db)
  t.ok(rows.length > 10)
  for (const { name, is_indexed } of rows) t.ok(is_indexed, name)
})

const indexed: Record<string, { indexes: string[]; work: (db: Kysely<Database>) => Promise<unknown> }> = {
  'what names a user outside of their rows': {
    indexes: ['mail_tokens_pkey', 'sign_ups_by_email', 'security_events_by_user', 'security_events_by_actor'],
    work: (db) => personalDataRepository(db).erase(ann.id)
  },
  'what is too old to keep': {
    indexes: [
      ...['mails_done', 'mail_tokens_by_expiry', 'sign_ups_by_time', 'email_changes_by_expiry'],
      'revocations_by_expiry'
    ],
    work: (db) => deleteExpired(db, config)
  }
}
for (const [what, { indexes, work }] of Object.entries(indexed))
  test(`${what} is found in an index`, async (t) => {
    const plans = await plansOf(work)
    for (const index of indexes)
      t.ok(
        plans.some(({ plan }) => nodes(plan).some(({ 'Index Name': name = '' }) => name.startsWith(index))),
        index
      )
  })

test("a recipient's budget is read from an index without the mails that were dropped", async (t) => {
  const plan = (await genericPlan(earlierMails(app.db, () => sql`${'[]'}`))) as Plan
  const used = nodes(plan).map(({ 'Node Type': type, 'Index Name': index }) => index ?? type)
  t.strictSame(used, ['Function Scan', 'Aggregate', 'Limit', 'mails_by_recipient'])
  t.notMatch(nodes(plan).at(-1)?.Filter, /outcome/)
})
