import { type Kysely, type RawBuilder, sql, type Transaction } from 'kysely'
import type { Task } from '../../schemas/tasks.ts'
import { prepared } from '../database/prepared.ts'
import type { Database } from '../database/tables.ts'
import { countFitting, maxPageBytes } from './page-size.ts'

export const columns = ['id', 'title', 'description', 'completed', 'created_at', 'updated_at'] as const

const sortColumns = { created: 'created_at', title: 'title_sort' } as const

/** Rows that a statement may return whatever their size: less than 1 MiB. */
export const anySize = 21
/** Bytes of a description that are not worth weighing: a page holds 100 of these in any case. */
const small = 1_024

export interface TaskPosition {
  value: string
  id: string
}

export interface TaskListOptions {
  status: 'all' | 'pending' | 'completed'
  sort: keyof typeof sortColumns
  order: 'asc' | 'desc'
  limit: number
  after: TaskPosition | undefined
}

export type ListedTask = Task & { title_sort: string }

export const taskPosition = (task: ListedTask, sort: TaskListOptions['sort']): TaskPosition => ({
  value: task[sortColumns[sort]],
  id: task.id
})

export interface ListedTasks {
  items: ListedTask[]
  next: TaskPosition | undefined
}

/** Makes a page of up to `limit` tasks, as many as fit. More tasks mean that there is a next page. */
export function pageOf(tasks: ListedTask[], limit: number, sort: TaskListOptions['sort']): ListedTasks {
  const count = Math.min(limit, countFitting(tasks))
  const hasMore = tasks.length > count
  return {
    items: tasks.slice(0, count),
    next: hasMore ? taskPosition(tasks[count - 1] as ListedTask, sort) : undefined
  }
}

interface PageValues {
  userId: string
  limit: number
  last: string | undefined
  lastId: string | undefined
}

export interface ListShape extends Pick<TaskListOptions, 'status' | 'sort' | 'order'> {
  isLater: boolean
}

/** Marks the place of a value that each run supplies. */
export type Values<Row> = <Name extends keyof Row>(name: Name) => RawBuilder<NonNullable<Row[Name]>>

export function inOrder(
  db: Kysely<Database> | Transaction<Database>,
  { status, sort, order, isLater }: ListShape,
  value: Values<Pick<PageValues, 'userId' | 'last' | 'lastId'>>
) {
  const column = sortColumns[sort]
  let query = db
    .selectFrom('tasks')
    .select([...columns, 'title_sort'])
    .where('user_id', '=', value('userId'))
    .orderBy(column, order)
    .orderBy('id', order)
  if (status !== 'all') query = query.where('completed', '=', status === 'completed')
  if (isLater)
    query = query.where((eb) =>
      eb(eb.refTuple(column, 'id'), order === 'asc' ? '>' : '<', eb.tuple(value('last'), value('lastId')))
    )
  return query
}

export const listQuery = (db: Kysely<Database> | Transaction<Database>, shape: ListShape, value: Values<PageValues>) =>
  inOrder(db, shape, value).limit(value('limit'))

/**
 * The same, up to the first row that cannot fit into a page. Weighs long descriptions by their bytes in UTF-8, which the server
 * knows without reading them: JSON is never shorter, so only a page that is full anyway ends early.
 */
export function boundedListQuery(
  db: Kysely<Database> | Transaction<Database>,
  shape: ListShape,
  value: Values<PageValues>
) {
  const [column, direction] = [sql.ref(sortColumns[shape.sort]), sql.raw(shape.order)]
  const weight = sql`case when octet_length(description) > ${sql.lit(small)} then octet_length(description) else 0 end`
  const before = sql<number>`coalesce(sum(${weight}) over (
    order by ${column} ${direction}, id ${direction} rows between unbounded preceding and 1 preceding), 0)`
  return db
    .selectFrom(
      db
        .selectFrom(listQuery(db, shape, value).as('listed'))
        .selectAll()
        .select(before.as('before'))
        .as('weighed')
    )
    .select([...columns, 'title_sort'])
    .where('before', '<=', sql<number>`${sql.lit(maxPageBytes)}`)
    .orderBy(sortColumns[shape.sort], shape.order)
    .orderBy('id', shape.order)
}

export function perShape<Run>(prepare: (shape: ListShape) => Run) {
  const runs = new Map<string, Run>()
  return function runOf({ status, sort, order, after }: TaskListOptions): Run {
    const shape = { status, sort, order, isLater: after !== undefined }
    const key = Object.values(shape).join()
    const run = runs.get(key) ?? prepare(shape)
    runs.set(key, run)
    return run
  }
}

/** Keyset pagination: a page is a range of one index, so the last page costs the same as the first. */
export function taskLists(db: Kysely<Database> | Transaction<Database>) {
  const listOf = perShape((shape) => prepared<PageValues, ListedTask>(db, (value) => listQuery(db, shape, value)))
  const boundedListOf = perShape((shape) =>
    prepared<PageValues, ListedTask>(db, (value) => boundedListQuery(db, shape, value))
  )

  return async (userId: string, options: TaskListOptions): Promise<ListedTasks> => {
    const { after, limit, sort } = options
    const listed = limit < anySize ? listOf(options) : boundedListOf(options)
    const tasks = await listed({ userId, limit: limit + 1, last: after?.value, lastId: after?.id })
    return pageOf(tasks, limit, sort)
  }
}
