import type { Kysely, RawBuilder, Transaction } from 'kysely'
import type { Task } from '../../schemas/tasks.ts'
import { prepared } from '../database/prepared.ts'
import type { Database } from '../database/tables.ts'

export const columns = ['id', 'title', 'description', 'completed', 'created_at', 'updated_at'] as const

const sortColumns = { created: 'created_at', title: 'title_sort' } as const

/** Where a page ends: the sorted value of its last task, and its id. */
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

/** A task and the key that its title sorts by. */
export type ListedTask = Task & { title_sort: string }

/** Where the list goes on after this task. */
export const taskPosition = (task: ListedTask, sort: TaskListOptions['sort']): TaskPosition => ({
  value: task[sortColumns[sort]],
  id: task.id
})

export interface ListedTasks {
  items: ListedTask[]
  /** Where the list goes on: there may be more. */
  next: TaskPosition | undefined
}

/** A page of up to `limit` of these tasks, one more than which tells that there are more. */
export const pageOf = (tasks: ListedTask[], limit: number, sort: TaskListOptions['sort']): ListedTasks => ({
  items: tasks.slice(0, limit),
  next: tasks.length > limit ? taskPosition(tasks[limit - 1] as ListedTask, sort) : undefined
})

interface PageValues {
  userId: string
  limit: number
  last: string | undefined
  lastId: string | undefined
}

export interface ListShape extends Pick<TaskListOptions, 'status' | 'sort' | 'order'> {
  isLater: boolean
}

/** What to write in a query for a value that each run brings. */
export type Values<Row> = <Name extends keyof Row>(name: Name) => RawBuilder<NonNullable<Row[Name]>>

/** A user's tasks in order, from a position on. */
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

/** The query of a page. */
export const listQuery = (db: Kysely<Database> | Transaction<Database>, shape: ListShape, value: Values<PageValues>) =>
  inOrder(db, shape, value).limit(value('limit'))

/** Runs a query that is prepared once for each shape of a list. */
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

/** Keyset pagination: a page is a range of one index, so the last costs what the first does. */
export function taskLists(db: Kysely<Database> | Transaction<Database>) {
  const listOf = perShape((shape) => prepared<PageValues, ListedTask>(db, (value) => listQuery(db, shape, value)))

  return async (userId: string, options: TaskListOptions): Promise<ListedTasks> => {
    const { after, limit, sort } = options
    const tasks = await listOf(options)({ userId, limit: limit + 1, last: after?.value, lastId: after?.id })
    return pageOf(tasks, limit, sort)
  }
}
