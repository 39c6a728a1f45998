import { Readable } from 'node:stream'
import type { TSchema } from '@sinclair/typebox'
import type { Kysely } from 'kysely'
import type { Database } from '../database/tables.ts'
import { type BodyStream, pieceSize, slices } from '../http/large-bodies.ts'
import {
  type OwnedTable,
  type PersonalUser,
  personalDataRepository,
  type SectionName,
  sections
} from '../repositories/personal-data.ts'

type Rows = AsyncIterable<object[]>

/** What the export has of one table of a product, or why it has nothing. */
export type PersonalSection =
  | { description?: string; schema?: TSchema; rows: (db: Kysely<Database>, userId: string) => Rows }
  | (OwnedTable & { description?: string })
  | { not: string }

/** By the name of the table. */
export type PersonalSections = Record<string, PersonalSection>

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
export async function* personalDocument(
  db: Kysely<Database>,
  user: PersonalUser,
  now: number,
  further: PersonalSections = {}
): AsyncGenerator<string> {
  const userId = user.id
  const data = personalDataRepository(db)
  yield `{"exported_at":${JSON.stringify(new Date(now))},"user":${JSON.stringify(user)}`
  for (const name of Object.keys(sections) as SectionName[]) {
    yield `,${JSON.stringify(name)}:`
    const rows = data.rowsOf(name, sections[name], userId)
    if (sections[name].columns.length === 0) yield await countOf(rows)
    else yield* asArray(rows)
  }
  yield ',"security_events":'
  yield* asArray(data.events(userId))
  for (const [name, section] of Object.entries(further)) {
    if ('not' in section) continue
    yield `,${JSON.stringify(name)}:`
    yield* asArray('rows' in section ? section.rows(db, userId) : data.rowsOf(name, section, userId))
  }
  yield '}\n'
}

/**
 * Streams such a document in small pieces, so that the server sees whether a slow reader still reads. `onEnd` is called
 * once, before the reader sees the end, or when the reader hangs up.
 */
export function documentStream(document: AsyncIterable<string>, onEnd = () => {}): BodyStream {
  let isOver = false
  function end(): void {
    if (!isOver) onEnd()
    isOver = true
  }
  async function* pieces() {
    for await (const text of document) yield* slices(Buffer.from(text))
    end()
  }
  return Readable.from(pieces(), { objectMode: false, highWaterMark: pieceSize }).once('close', end)
}

/** Exports of users, one at a time for each. */
export function createPersonalExports(db: Kysely<Database>, further?: PersonalSections, clock = Date.now) {
  const running = new Set<string>()

  return {
    /** Returns undefined if the user does not exist. */
    async open(userId: string): Promise<BodyStream | 'running' | undefined> {
      if (running.has(userId)) return 'running'
      running.add(userId)
      const user = await personalDataRepository(db)
        .user(userId)
        .catch((error) => {
          running.delete(userId)
          throw error
        })
      const end = () => running.delete(userId)
      if (user) return documentStream(personalDocument(db, user, clock(), further), end)
      end()
      return undefined
    }
  }
}
