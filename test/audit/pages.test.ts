import { CompiledQuery, type KyselyPlugin, sql } from 'kysely'
import { test } from 'tap'
import { sealEvents } from '../../src/audit/sealing.ts'
import { auditEventsRepository } from '../../src/repositories/audit-events.ts'
import { startApp } from '../helpers/app.ts'

interface Plan {
  'Actual Rows': number
  'Actual Loops': number
  Plans?: Plan[]
}

const rowsOf = (plan: Plan): number[] => [
  plan['Actual Rows'] * plan['Actual Loops'],
  ...(plan.Plans ?? []).flatMap(rowsOf)
]

test('a page reads its own events only, also while the statistics are from before they were sealed', async (t) => {
  const { db } = (await startApp(t)).app
  await sql`insert into security_events (id, event) select gen_random_uuid(), 'login' from generate_series(1, 5000)`.execute(
    db
  )
  await sql`analyze security_events`.execute(db)
  await sealEvents(db, { size: 5000 })
  const queries: CompiledQuery[] = []
  const recorder: KyselyPlugin = {
    transformQuery({ node, queryId }) {
      queries.push(db.getExecutor().compileQuery(node, queryId))
      return node
    },
    transformResult: async ({ result }) => result
  }
  t.equal((await auditEventsRepository(db.withPlugin(recorder)).after(1000, 100)).length, 100)
  t.equal(queries.length, 1)
  for (const { sql: text, parameters } of queries) {
    const explain = CompiledQuery.raw(`explain (analyze, format json) ${text}`, [...parameters])
    const { rows } = await db.executeQuery<{ 'QUERY PLAN': [{ Plan: Plan }] }>(explain)
    const read = Math.max(...rowsOf(rows[0]?.['QUERY PLAN'][0].Plan as Plan))
    t.ok(read <= 100, `${read} rows are read`)
  }
})
