import { type Kysely, sql, type Transaction } from 'kysely'
import { prepared } from '../database/prepared.ts'
import type { Database } from '../database/tables.ts'
import { anySizeOf, cutPage, perShape, positionOf, type Shape, type Values } from './keyset.ts'
import { countFitting } from './page-size.ts'
import { gramsSought } from './task-grams.ts'
import { contains, fold } from './task-keys.ts'
import {
  columns,
  inOrder,
  type ListedTask,
  type ListedTasks,
  sortColumns,
  type TaskListOptions,
  type TaskSort,
  texts
} from './task-lists.ts'

// Keys of one statement (about 10 ms); keys read, and texts read because their keys allowed a match, that end a page.
const bounds = { slice: 10_000, keys: 40_000, texts: 100 }
const anySize = anySizeOf(texts)

interface SearchValues {
  userId: string
  wanted: number
  last: string | undefined
  lastId: string | undefined
  sought: string
  places: string
  slice: number
}

/** A possible match, or the last task of the slice, which tells that there may be more. */
interface Candidate extends ListedTask {
  /** Its position in the slice, from 1. */
  place: number
}

/** Selects the next tasks except those whose keys rule out a match. `places`: gramsSought's result as an array literal. */
export function searchQuery(
  db: Kysely<Database> | Transaction<Database>,
  shape: Shape<TaskSort>,
  value: Values<SearchValues>
) {
  const direction = sql.raw(shape.order)
  const column = sql.ref(sortColumns[shape.sort])
  const read = inOrder(db, shape, value)
    .select(['title_search', 'description_grams'])
    .select(sql<number>`(row_number() over (order by ${column} ${direction}, id ${direction}))::int`.as('place'))
    .limit(value('slice'))
  const tests = Array.from(gramsSought(''), (_, i) => {
    const place = sql`(${value('places')}::int[])[${sql.lit(i + 1)}]`
    return sql`get_bit(description_grams, ${place} & (octet_length(description_grams) * 8 - 1)) = 1`
  })
  return db
    .selectFrom(read.as('slice'))
    .select([...columns, 'title_sort', 'place'])
    .where(
      sql<boolean>`place = ${value('slice')} or title_search is null or description_grams is null
        or strpos(title_search, ${value('sought')}) > 0 or (${sql.join(tests, sql` and `)})`
    )
    .limit(value('wanted'))
}

/** Searches titles and descriptions. The stored keys rule out nearly all tasks; the texts of the others are compared here. */
export function taskSearches(db: Kysely<Database> | Transaction<Database>, bound = bounds) {
  const { slice, keys } = bound
  const candidatesOf = perShape<ReturnType<typeof prepared<SearchValues, Candidate>>, TaskSort>((shape) =>
    prepared<SearchValues, Candidate>(db, (value) => searchQuery(db, shape, value))
  )

  return async function search(
    userId: string,
    text: string,
    { status: filter, ...options }: TaskListOptions
  ): Promise<ListedTasks> {
    const { limit, sort } = options
    const sought = fold(text)
    const places = `{${gramsSought(sought)}}`
    const items: ListedTask[] = []
    const read = { keys: 0, texts: 0 }
    let after = options.after
    while (read.keys < keys && read.texts < bound.texts) {
      const wanted = Math.min(limit + 1 - items.length, anySize)
      const values = { userId, wanted, last: after?.value, lastId: after?.id, sought, places, slice }
      const candidates = await candidatesOf({ ...options, filter, after })(values)
      items.push(...candidates.filter((task) => contains(task, sought)))
      const last = candidates.at(-1)
      const isEnd = !last || (candidates.length < wanted && last.place < slice)
      if (isEnd || items.length > limit || countFitting(items, texts) < items.length)
        return cutPage(items, limit, sortColumns[sort], texts)
      read.keys += last.place
      read.texts += candidates.length
      after = positionOf(last, sortColumns[sort])
    }
    return { items, next: after }
  }
}
