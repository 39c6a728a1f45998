import { type Kysely, type RawBuilder, sql, type Transaction } from 'kysely'
import type { NewTask, Task, TaskPatch } from '../../schemas/tasks.ts'
import { prepared } from '../database/prepared.ts'
import type { Database } from '../database/tables.ts'
import { newId } from '../util/ids.ts'
import { type Claim, insertOnce } from './idempotency-keys.ts'
import { descriptionKeys, titleKeys } from './task-keys.ts'
import { columns, type TaskPosition, taskLists } from './task-lists.ts'
import { taskSearches } from './task-searches.ts'
import { hasVersion, nextVersion, type Versions } from './versions.ts'

const later = nextVersion('tasks')

// Sent as base64, because every driver can send text.
const fromBase64 = (text: RawBuilder<string>) => sql<Buffer>`decode(${text}, 'base64')`

/** In UTF-8, titles and descriptions. */
export interface TaskQuota {
  tasks: number
  bytes: number
}

function rowOf({ title, description = null }: NewTask) {
  const { description_grams } = descriptionKeys(description)
  return { title, description, ...titleKeys(title), grams: description_grams.toString('base64') }
}

const keysOf = ({ title, description }: TaskPatch) => ({
  ...(title !== undefined && titleKeys(title)),
  ...(description !== undefined && descriptionKeys(description))
})

/** Every WHERE contains the owner. A change that exceeds a quota fails (isOverQuota in src/database/failures.ts). */
export function tasksRepository(db: Kysely<Database> | Transaction<Database>, quota?: TaskQuota) {
  const quotaText = quota ? `${quota.tasks} ${quota.bytes}` : ''
  /** Always true. Passes the quota to the triggers of migrations/0010_task_usage.ts. */
  const withinQuota = sql<boolean>`set_config('gatehouse.task_quota', ${quotaText}::text, true) is not null`
  const owned = (userId: string, id: string, versions?: Versions) =>
    db
      .updateTable('tasks')
      .where('user_id', '=', userId)
      .where('id', '=', id)
      .where(hasVersion(versions))
      .returning(columns)

  const find = prepared<{ userId: string; id: string }, Task>(db, (value) =>
    db.selectFrom('tasks').select(columns).where('user_id', '=', value('userId')).where('id', '=', value('id'))
  )

  const insert = prepared<ReturnType<typeof rowOf> & { userId: string; id: string }, Task>(db, (value) =>
    db
      .insertInto('tasks')
      .columns(['id', 'user_id', 'title', 'description', 'title_sort', 'title_search', 'description_grams'])
      .expression(
        db
          .selectNoFrom([
            sql<string>`${value('id')}::uuid`.as('id'),
            sql<string>`${value('userId')}::uuid`.as('user_id'),
            sql<string>`${value('title')}::text`.as('title'),
            sql<string | null>`${value('description')}::text`.as('description'),
            sql<string>`${value('title_sort')}::text`.as('title_sort'),
            sql<string>`${value('title_search')}::text`.as('title_search'),
            fromBase64(sql<string>`${value('grams')}::text`).as('description_grams')
          ])
          .where(withinQuota)
      )
      .returning(columns)
  )

  return {
    list: taskLists(db),
    search: taskSearches(db),

    find: async (userId: string, id: string): Promise<Task | undefined> => (await find({ userId, id }))[0],

    async insert(userId: string, task: NewTask): Promise<Task> {
      const [inserted] = await insert({ id: newId(), userId, ...rowOf(task) })
      return inserted as Task
    },

    /** Like `insert`, but returns undefined unless this request is the first to claim the key. */
    insertOnce: (claim: Claim, { title, description = null }: NewTask): Promise<Task | undefined> =>
      insertOnce(db, claim, {
        into: 'tasks',
        values: { title, description, ...titleKeys(title), ...descriptionKeys(description) },
        returning: columns,
        when: withinQuota
      }),

    update: (userId: string, id: string, patch: TaskPatch, versions?: Versions): Promise<Task | undefined> =>
      owned(userId, id, versions)
        .$if('title' in patch || 'description' in patch, (query) => query.where(withinQuota))
        .set({ ...patch, ...keysOf(patch), updated_at: later })
        .executeTakeFirst(),

    toggle: (userId: string, id: string, versions?: Versions): Promise<Task | undefined> =>
      owned(userId, id, versions)
        .set((eb) => ({ completed: eb.not('completed'), updated_at: later }))
        .executeTakeFirst(),

    /**
     * Removes all tasks of a user whom the transaction has locked, `atOnce` in each statement, so that none takes too long.
     * Locks all of them first: each removal locks the user's count, for which a change waits with its task locked.
     */
    async removeAll(userId: string, atOnce: number): Promise<void> {
      const batch = db.selectFrom('tasks').select('id').where('user_id', '=', userId).limit(atOnce)
      let last: string | undefined = '00000000-0000-0000-0000-000000000000'
      while (last) {
        const locked = batch.where('id', '>', last).orderBy('id').forUpdate()
        const rows: { id: string }[] = await db
          .selectFrom(locked.as('locked'))
          .select('id')
          .orderBy('id', 'desc')
          .limit(1)
          .execute()
        last = rows[0]?.id
      }
      for (let removed = atOnce; removed === atOnce; ) {
        const { numDeletedRows } = await db.deleteFrom('tasks').where('id', 'in', batch).executeTakeFirst()
        removed = Number(numDeletedRows)
      }
    },

    /** How many tasks a user has, and the bytes of their text. */
    count: (userId: string) =>
      db
        .selectNoFrom([
          sql<number>`coalesce((select tasks from task_usage where user_id = ${userId}),
            (select count(*) from tasks where user_id = ${userId}))::float8`.as('tasks'),
          sql<number>`coalesce((select bytes from task_usage where user_id = ${userId}),
            (select sum(octet_length(title) + coalesce(octet_length(description), 0)) from tasks where user_id = ${userId}),
            0)::float8`.as('bytes')
        ])
        .executeTakeFirstOrThrow(),

    async remove(userId: string, id: string, versions?: Versions): Promise<boolean> {
      const { numDeletedRows } = await db
        .deleteFrom('tasks')
        .where('user_id', '=', userId)
        .where('id', '=', id)
        .where(hasVersion(versions))
        .executeTakeFirst()
      return numDeletedRows > 0n
    }
  }
}

/** Tasks of a page of the export. */
const exported = 100

/** Yields all tasks of a user, oldest first, a page at a time. */
export async function* allTasks(db: Kysely<Database>, userId: string): AsyncGenerator<Task[]> {
  const { list } = tasksRepository(db)
  let after: TaskPosition | undefined
  do {
    const { items, next } = await list(userId, { status: 'all', sort: 'created', order: 'asc', limit: exported, after })
    yield items.map(({ title_sort, ...task }) => task)
    after = next
  } while (after)
}
