import { type Kysely, type RawBuilder, sql, type Transaction } from 'kysely'
import type { Task } from '../../schemas/tasks.ts'
import { prepared } from '../database/prepared.ts'
import type { Database } from '../database/tables.ts'

export const columns = ['id', 'title', 'description', 'completed', 'created_at', 'updated_at'] as const

const sortColumns = { created: 'created_at', title: 'title' } as const
/** The column is in code point order, which knows the cases of ASCII alone; the database's own knows those of letters. */
const caseFoldedTitle = sql<string>`title collate "default"`
const contains = (text: string) => `%${text.replace(/[\\%_]/g, '\\$&')}%`

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
  search: string
  after: TaskPosition | undefined
}

/** Where the list goes on after this task. */
export const taskPosition = (task: Task, sort: keyof typeof sortColumns): TaskPosition => ({
  value: task[sortColumns[sort]],
  id: task.id
})

interface ListValues {
  userId: string
  limit: number
  last: string | undefined
  lastId: string | undefined
  pattern: string
}

interface ListShape extends Pick<TaskListOptions, 'status' | 'sort' | 'order'> {
  isLater: boolean
  isSearch: boolean
}

/** The query of a page, with `value` for what each run brings. */
export function listQuery(
  db: Kysely<Database> | Transaction<Database>,
  { status, sort, order, isLater, isSearch }: ListShape,
  value: <Name extends keyof ListValues>(name: Name) => RawBuilder<NonNullable<ListValues[Name]>>
) {
  const column = sortColumns[sort]
  let query = db
    .selectFrom('tasks')
    .select(columns)
    .where('user_id', '=', value('userId'))
    .orderBy(column, order)
    .orderBy('id', order)
    .limit(value('limit'))
  if (status !== 'all') query = query.where('completed', '=', status === 'completed')
  if (isLater)
    query = query.where((eb) =>
      eb(eb.refTuple(column, 'id'), order === 'asc' ? '>' : '<', eb.tuple(value('last'), value('lastId')))
    )
  if (isSearch)
    query = query.where((eb) =>
      eb.or([eb(caseFoldedTitle, 'ilike', value('pattern')), eb('description', 'ilike', value('pattern'))])
    )
  return query
}

/** Keyset pagination: a page is a range of one index, so the last costs what the first does. */
export function taskLists(db: Kysely<Database> | Transaction<Database>) {
  const lists = new Map<string, (values: ListValues) => Promise<Task[]>>()

  return (userId: string, { search, after, limit, ...shape }: TaskListOptions): Promise<Task[]> => {
    const parts = { ...shape, isLater: after !== undefined, isSearch: search !== '' }
    const key = Object.values(parts).join()
    const list = lists.get(key) ?? prepared<ListValues, Task>(db, (value) => listQuery(db, parts, value))
    lists.set(key, list)
    return list({ userId, limit, last: after?.value, lastId: after?.id, pattern: contains(search) })
  }
}
