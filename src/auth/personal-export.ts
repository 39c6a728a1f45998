import { Readable } from 'node:stream'
import type { Kysely } from 'kysely'
import type { Database } from '../database/tables.ts'
import { type PersonalUser, personalDataRepository, type SectionName, sections } from '../repositories/personal-data.ts'
import type { TaskPosition } from '../repositories/task-lists.ts'
import { tasksRepository } from '../repositories/tasks.ts'

const tasksAtOnce = 100

type Rows = AsyncIterable<object[]>

async function* tasksOf(db: Kysely<Database>, userId: string): Rows {
  const { list } = tasksRepository(db)
  const order = { status: 'all', sort: 'created', order: 'asc', limit: tasksAtOnce } as const
  let after: TaskPosition | undefined
  do {
    const { items, next } = await list(userId, { ...order, after })
    yield items.map(({ title_sort, ...task }) => task)
    after = next
  } while (after)
}

/** Yields a JSON array, a page at a time. */
async function* asArray(pages: Rows): AsyncGenerator<string> {
  let isFirst = true
  yield '['
  for await (const rows of pages) {
    if (rows.length === 0) continue
    yield (isFirst ? '' : ',') + rows.map((row) => JSON.stringify(row)).join(',')
    isFirst = false
  }
  yield ']'
}

async function countOf(pages: Rows): Promise<string> {
  let count = 0
  for await (const rows of pages) count += rows.length
  return String(count)
}

/**
 * Yields everything that is stored about a user as one JSON document (GDPR, articles 15 and 20), without secrets. Between
 * two pages it holds no connection, so a slow reader costs the database nothing.
 */
export async function* personalDocument(db: Kysely<Database>, user: PersonalUser, now: number): AsyncGenerator<string> {
  const userId = user.id
  const data = personalDataRepository(db)
  yield `{"exported_at":${JSON.stringify(new Date(now))},"user":${JSON.stringify(user)}`
  for (const name of Object.keys(sections) as SectionName[]) {
    yield `,${JSON.stringify(name)}:`
    const rows = data.rowsOf(name, userId)
    if (sections[name].columns.length === 0) yield await countOf(rows)
    else yield* asArray(rows)
  }
  yield ',"security_events":'
  yield* asArray(data.events(userId))
  yield ',"tasks":'
  yield* asArray(tasksOf(db, userId))
  yield '}\n'
}

/** Exports of users, one at a time for each. */
export function createPersonalExports(db: Kysely<Database>, clock = Date.now) {
  const running = new Set<string>()

  return {
    /** Returns undefined if the user does not exist. */
    async open(userId: string): Promise<Readable | 'running' | undefined> {
      if (running.has(userId)) return 'running'
      running.add(userId)
      const user = await personalDataRepository(db)
        .user(userId)
        .catch((error) => {
          running.delete(userId)
          throw error
        })
      const stream = user && Readable.from(personalDocument(db, user, clock()), { highWaterMark: 1 })
      if (stream) stream.once('close', () => running.delete(userId))
      else running.delete(userId)
      return stream
    }
  }
}
