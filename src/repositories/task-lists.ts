import type { Kysely, Transaction } from 'kysely'
import type { Task } from '../../schemas/tasks.ts'
import type { Database } from '../database/tables.ts'
import {
  inKeysetOrder,
  type Keyset,
  keysetPages,
  type Page,
  type PageOptions,
  type PageValues,
  type Position,
  type Shape,
  type Values
} from './keyset.ts'

export const columns = ['id', 'title', 'description', 'completed', 'created_at', 'updated_at'] as const

export type TaskSort = 'created' | 'title'
export const sortColumns = { created: 'created_at', title: 'title_sort' } as const

/** Characters. */
export const texts = { title: 200, description: 10_000 }

export interface TaskListOptions extends Omit<PageOptions<TaskSort>, 'filter'> {
  status: 'all' | 'pending' | 'completed'
}

export type ListedTask = Task & { title_sort: string }
export type ListedTasks = Page<ListedTask>

interface Owner {
  userId: string
}

type Db = Kysely<Database> | Transaction<Database>

const statuses: Record<string, boolean> = { pending: false, completed: true }

function ofStatus(db: Db, value: Values<Owner>, status: string | undefined) {
  const all = db.selectFrom('tasks').where('user_id', '=', value('userId'))
  const completed = statuses[String(status)]
  return completed === undefined ? all : all.where('completed', '=', completed)
}

/** Lists of tasks; the filter is the status. */
export const taskKeyset = (db: Db): Keyset<Owner, TaskSort> => ({
  columns: [...columns, 'title_sort'],
  sorts: sortColumns,
  from: (value, status) => ofStatus(db, value, status),
  texts
})

/** All tasks in the order of a list, from a position on. */
export const inOrder = (db: Db, shape: Shape<TaskSort>, value: Values<Owner & Pick<PageValues, 'last' | 'lastId'>>) =>
  inKeysetOrder(
    ofStatus(db, value, shape.filter).select([...columns, 'title_sort']),
    sortColumns[shape.sort],
    shape,
    value
  )

export function taskLists(db: Db) {
  const pageOf = keysetPages<ListedTask, Owner, TaskSort>(db, taskKeyset(db))

  return (userId: string, { status: filter, ...options }: TaskListOptions): Promise<ListedTasks> =>
    pageOf({ userId }, { ...options, filter })
}

export type { Position as TaskPosition }
