import { sql } from 'kysely'
import t, { test } from 'tap'
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

const positions = { created: '2026-01-01T00:05:00.000Z', title: 'task 250' }

for (const sort of ['created', 'title'] as const)
  for (const order of ['asc', 'desc'] as const)
    for (const status of ['all', 'pending', 'completed'] as const)
      for (const after of [undefined, { value: positions[sort], id: crypto.randomUUID() }])
        test(`a page by ${sort}, ${order}, ${status}, ${after ? 'later' : 'first'} is a range of an index`, async (t) => {
          const query = list(ann.id, { status, sort, order, limit: 21, search: '', after })
          t.equal((await query.execute()).length, 21)
          const [explained] = await query.explain<{ 'QUERY PLAN': [{ Plan: Plan }] }>('json')
          t.strictSame(explained && nodes(explained['QUERY PLAN'][0].Plan), ['Limit', 'Index Scan'])
        })
