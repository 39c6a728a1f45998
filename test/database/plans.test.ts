import { type Compilable, sql } from 'kysely'
import t, { test } from 'tap'
import { listQuery } from '../../src/repositories/task-lists.ts'
import { tasksRepository } from '../../src/repositories/tasks.ts'
import { startApp } from '../helpers/app.ts'

interface Plan {
  'Node Type': string
  Plans?: Plan[]
}

const { app, signUp } = await startApp(t)
const [ann, ben, cleo] = [await signUp(), await signUp(), await signUp()]
const list = tasksRepository(app.db).list

for (const { id } of [ann, ben, cleo])
  await sql`
    insert into tasks (id, user_id, title, completed, created_at)
    select gen_random_uuid(), ${id}::uuid, 'task ' || i % 500, i % 3 = 0, '2026-01-01'::timestamptz + i % 700 * interval '1s'
    from generate_series(1, 2000) as i`.execute(app.db)
await sql`analyze tasks`.execute(app.db)

const nodes = (plan: Plan): string[] => [plan['Node Type'], ...(plan.Plans ?? []).flatMap(nodes)]

/** The plan that a prepared statement comes to, for whatever values. */
function genericPlan(query: Compilable): Promise<Plan | undefined> {
  const { sql: text, parameters } = query.compile()
  return app.db.transaction().execute(async (trx) => {
    await sql`set local plan_cache_mode = force_generic_plan`.execute(trx)
    await sql.raw(`prepare page as ${text}`).execute(trx)
    const values = sql.join(parameters.map((value) => sql.lit(value)))
    const { rows } = await sql<{
      'QUERY PLAN': [{ Plan: Plan }]
    }>`explain (format json) execute page(${values})`.execute(trx)
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
          const shape = { ...options, isLater: after !== undefined }
          const plan = await genericPlan(listQuery(app.db, shape, (name) => sql`${values[name]}`))
          t.strictSame(plan && nodes(plan), ['Limit', 'Index Scan'])
        })
