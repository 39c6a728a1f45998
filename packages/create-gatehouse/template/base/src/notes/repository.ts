import {
  type Claim,
  type Database,
  type Generated,
  hasVersion,
  insertOnce,
  type Kysely,
  keysetPages,
  newId,
  nextVersion,
  type Versions
} from '@gatehouse/server'
import type { NewNote, Note, NotePatch } from './schemas.ts'

declare module '@gatehouse/server' {
  interface Database {
    notes: {
      id: string
      user_id: string
      text: string
      created_at: Generated<string>
      updated_at: Generated<string>
    }
  }
}

const columns = ['id', 'text', 'created_at', 'updated_at'] as const

/** All SQL for notes. The owner is the first argument and is in every WHERE. */
export function notesRepository(db: Kysely<Database>) {
  return {
    list: keysetPages<Note, { userId: string }, 'created'>(db, {
      columns,
      sorts: { created: 'created_at' },
      from: (value) => db.selectFrom('notes').where('user_id', '=', value('userId')),
      texts: { text: 10_000 }
    }),

    find: (userId: string, id: string): Promise<Note | undefined> =>
      db.selectFrom('notes').select(columns).where('user_id', '=', userId).where('id', '=', id).executeTakeFirst(),

    insert: (userId: string, { text }: NewNote): Promise<Note> =>
      db
        .insertInto('notes')
        .values({ id: newId(), user_id: userId, text })
        .returning(columns)
        .executeTakeFirstOrThrow(),

    /** Like `insert`, but returns undefined unless this request is the first with its Idempotency-Key. */
    insertOnce: (claim: Claim, { text }: NewNote): Promise<Note | undefined> =>
      insertOnce<Note>(db, claim, { into: 'notes', values: { text }, returning: columns }),

    update: (userId: string, id: string, patch: NotePatch, versions?: Versions): Promise<Note | undefined> =>
      db
        .updateTable('notes')
        .set({ ...patch, updated_at: nextVersion('notes') })
        .where('user_id', '=', userId)
        .where('id', '=', id)
        .where(hasVersion(versions))
        .returning(columns)
        .executeTakeFirst(),

    async remove(userId: string, id: string, versions?: Versions): Promise<boolean> {
      const { numDeletedRows } = await db
        .deleteFrom('notes')
        .where('user_id', '=', userId)
        .where('id', '=', id)
        .where(hasVersion(versions))
        .executeTakeFirst()
      return numDeletedRows > 0n
    }
  }
}
