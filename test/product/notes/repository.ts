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
  prepared,
  type Transaction,
  type Versions
} from '../../../src/index.ts'
import type { NewNote, Note, NotePatch } from './schemas.ts'

declare module '../../../src/index.ts' {
  interface Database {
    product_notes: {
      id: string
      user_id: string
      text: string
      locked: Generated<boolean>
      created_at: Generated<string>
      updated_at: Generated<string>
    }
  }
}

const columns = ['id', 'text', 'locked', 'created_at', 'updated_at'] as const

/** Characters. */
export const texts = { text: 10_000 }

/** All SQL for notes. The owner is the first argument and is in every WHERE. */
export function notesRepository(db: Kysely<Database> | Transaction<Database>) {
  const find = prepared<{ userId: string; id: string }, Note>(db, (value) =>
    db.selectFrom('product_notes').select(columns).where('user_id', '=', value('userId')).where('id', '=', value('id'))
  )

  return {
    list: keysetPages<Note, { userId: string }, 'created'>(db, {
      columns,
      sorts: { created: 'created_at' },
      from(value, state) {
        const all = db.selectFrom('product_notes').where('user_id', '=', value('userId'))
        return state === 'open' ? all.where('locked', '=', false) : all
      },
      texts
    }),

    find: async (userId: string, id: string): Promise<Note | undefined> => (await find({ userId, id }))[0],

    insert: (userId: string, { text }: NewNote): Promise<Note> =>
      db
        .insertInto('product_notes')
        .values({ id: newId(), user_id: userId, text })
        .returning(columns)
        .executeTakeFirstOrThrow(),

    insertOnce: (claim: Claim, { text }: NewNote): Promise<Note | undefined> =>
      insertOnce<Note>(db, claim, { into: 'product_notes', values: { text }, returning: columns }),

    update: (userId: string, id: string, patch: NotePatch, versions: Versions): Promise<Note | undefined> =>
      db
        .updateTable('product_notes')
        .set({ ...patch, updated_at: nextVersion('product_notes') })
        .where('user_id', '=', userId)
        .where('id', '=', id)
        .where(hasVersion(versions))
        .returning(columns)
        .executeTakeFirst(),

    async remove(userId: string, id: string, versions: Versions): Promise<boolean> {
      const { numDeletedRows } = await db
        .deleteFrom('product_notes')
        .where('user_id', '=', userId)
        .where('id', '=', id)
        .where(hasVersion(versions))
        .executeTakeFirst()
      return numDeletedRows > 0n
    },

    async count(): Promise<number> {
      const { count } = await db
        .selectFrom('product_notes')
        .select((eb) => eb.fn.countAll<string>().as('count'))
        .executeTakeFirstOrThrow()
      return Number(count)
    }
  }
}
