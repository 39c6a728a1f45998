import { CompiledQuery, type KyselyPlugin, sql } from 'kysely'
import t, { test } from 'tap'
import { sealEvents } from '../../src/audit/sealing.ts'
import type { Database } from '../../src/database/tables.ts'
import { auditEventsRepository } from '../../src/repositories/audit-events.ts'
import { openEmpty } from '../helpers/databases.ts'

interface Plan {
  'Actual Rows': number
  'Actual Loops': number
  'Rows Removed by Filter'?: number
  Plans?: Plan[]
}

const rowsOf = ({ Plans = [], ...plan }: Plan): number[] => [
  (plan['Actual Rows'] + (plan['Rows Removed by Filter'] ?? 0)) * plan['Actual Loops'],
  ...Plans.flatMap(rowsOf)
]

const count = 5000

// The statistics are from before the events were sealed.
const { db } = await openEmpty<Database>(t)
await sql`insert into security_events (id, event) select gen_random_uuid(), 'login' from generate_series(1, ${count}::int)`.execute(
  db
)
await sql`analyze security_events`.execute(db)
await sealEvents(db, { size: count })

/** A plugin that keeps the statements that go through it. */
function recording() {
  const queries: CompiledQuery[] = []
  const recorder: KyselyPlugin = {
    transformQuery({ node, queryId }) {
      queries.push(db.getExecutor().compileQuery(node, queryId))
      return node
    },
    transformResult: async ({ result }) => result
  }
  return { queries, recorder }
}

/** The rows that a statement reads at most. */
async function readBy({ sql: text, parameters }: CompiledQuery) {
  const explain = CompiledQuery.raw(`explain (analyze, format json) ${text}`, [...parameters])
  const { rows } = await db.executeQuery<{ 'QUERY PLAN': [{ Plan: Plan }] }>(explain)
  return Math.max(...rowsOf(rows[0]?.['QUERY PLAN'][0].Plan as Plan))
}

test('a page of audit events reads no other events, even if the statistics predate their sealing', async (t) => {
  const { recorder, queries } = recording()
  t.equal((await auditEventsRepository(db.withPlugin(recorder)).after(1000, 100)).length, 100)
  t.equal(queries.length, 1)
  for (const query of queries) t.equal(await readBy(query), 100)
})

test('pruning reads each event that it removes once', async (t) => {
  const { recorder, queries } = recording()
  const pruned = db.transaction().execute(async (trx) => {
    t.equal(await auditEventsRepository(trx.withPlugin(recorder)).prune('2999-01-01T00:00:00.000Z', count), count)
    throw new Error('undone')
  })
  await t.rejects(pruned, { message: 'undone' })
  t.equal(await readBy(queries[0] as CompiledQuery), count)
})
