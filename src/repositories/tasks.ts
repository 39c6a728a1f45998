import { type Kysely, sql, type Transaction } from 'kysely'
import { v7 as uuid } from 'uuid'
import type { NewTask, Task, TaskPatch } from '../../schemas/tasks.ts'
import type { Database } from '../database/tables.ts'

const columns = ['id', 'title', 'description', 'completed', 'created_at', 'updated_at'] as const

const sortColumns = { created: 'created_at', title: 'title' } as const
const later = sql<string>`greatest(now(), tasks.updated_at + interval '1 millisecond')`
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

/** All SQL on tasks. The owner comes first and stands in every WHERE; what is not theirs is not there. */
export function tasksRepository(db: Kysely<Database> | Transaction<Database>) {
  const owned = (userId: string, id: string) =>
    db.updateTable('tasks').where('user_id', '=', userId).where('id', '=', id).returning(columns)

  return {
    /** Keyset pagination: a page is a range of one index, so the last costs what the first does. */
    list(userId: string, { status, sort, order, limit, search, after }: TaskListOptions) {
      const column = sortColumns[sort]
      let query = db
        .selectFrom('tasks')
        .select(columns)
        .where('user_id', '=', userId)
        .orderBy(column, order)
        .orderBy('id', order)
        .limit(limit)
      if (status !== 'all') query = query.where('completed', '=', status === 'completed')
      if (after)
        query = query.where((eb) =>
          eb(eb.refTuple(column, 'id'), order === 'asc' ? '>' : '<', eb.tuple(after.value, after.id))
        )
      if (search !== '')
        query = query.where((eb) =>
          eb.or([eb(caseFoldedTitle, 'ilike', contains(search)), eb('description', 'ilike', contains(search))])
        )
      return query
    },

    find: (userId: string, id: string): Promise<Task | undefined> =>
      db.selectFrom('tasks').select(columns).where('user_id', '=', userId).where('id', '=', id).executeTakeFirst(),

    insert: (userId: string, task: NewTask): Promise<Task> =>
      db
        .insertInto('tasks')
        .values({ id: uuid(), user_id: userId, description: null, ...task })
        .returning(columns)
        .executeTakeFirstOrThrow(),

    update: (userId: string, id: string, patch: TaskPatch): Promise<Task | undefined> =>
      owned(userId, id)
        .set({ ...patch, updated_at: later })
        .executeTakeFirst(),

    toggle: (userId: string, id: string): Promise<Task | undefined> =>
      owned(userId, id)
        .set((eb) => ({ completed: eb.not('completed'), updated_at: later }))
        .executeTakeFirst(),

    /** Up to `limit` of a user's tasks, so that no statement takes too long. Returns how many went. */
    async removeSome(userId: string, limit: number): Promise<number> {
      const some = db.selectFrom('tasks').select('id').where('user_id', '=', userId).limit(limit)
      const { numDeletedRows } = await db.deleteFrom('tasks').where('id', 'in', some).executeTakeFirst()
      return Number(numDeletedRows)
    },

    async remove(userId: string, id: string): Promise<boolean> {
      const { numDeletedRows } = await db
        .deleteFrom('tasks')
        .where('user_id', '=', userId)
        .where('id', '=', id)
        .executeTakeFirst()
      return numDeletedRows > 0n
    }
  }
}
