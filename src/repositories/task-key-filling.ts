import { type Kysely, sql } from 'kysely'
import type { Database } from '../database/tables.ts'
import { descriptionKeys, titleKeys } from './task-keys.ts'

/** Tasks per transaction. Computing their keys blocks the event loop for about 50 ms. */
const batch = 50
const nil = '00000000-0000-0000-0000-000000000000'

/** Computes keys of tasks that earlier releases wrote, and returns the number. Concurrent processes share the work. */
export async function fillTaskKeys(db: Kysely<Database>): Promise<number> {
  let filled = 0
  for (let after: string | undefined = nil; after !== undefined; ) after = await fillSome(after)
  return filled

  function fillSome(after: string): Promise<string | undefined> {
    return db.transaction().execute(async (trx) => {
      const tasks = await trx
        .selectFrom('tasks')
        .select(['id', 'title', 'description'])
        .where((eb) => eb.or([eb('title_search', 'is', null), eb('description_grams', 'is', null)]))
        .where('id', '>', after)
        .orderBy('id')
        .limit(batch)
        .forUpdate()
        .skipLocked()
        .execute()
      if (tasks.length === 0) return
      const rows = tasks.map(({ id, title, description }) => ({
        id,
        ...titleKeys(title),
        grams: descriptionKeys(description).description_grams.toString('base64')
      }))
      const all = (key: keyof (typeof rows)[0]) => rows.map((row) => row[key])
      await sql`
        update tasks
        set title_sort = keys.sort, title_search = keys.search, description_grams = decode(keys.grams, 'base64')
        from unnest(${all('id')}::uuid[], ${all('title_sort')}::text[], ${all('title_search')}::text[],
          ${all('grams')}::text[]) as keys (id, sort, search, grams)
        where tasks.id = keys.id`.execute(trx)
      filled += tasks.length
      return tasks.at(-1)?.id
    })
  }
}
