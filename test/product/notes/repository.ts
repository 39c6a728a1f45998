import { type Database, type Generated, type Kysely, newId, prepared } from '../../../src/index.ts'
import type { NewNote, Note } from './schemas.ts'

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

export function notesRepository(db: Kysely<Database>) {
  const find = prepared<{ userId: string; id: string }, Note>(db, (value) =>
    db.selectFrom('product_notes').select(columns).where('user_id', '=', value('userId')).where('id', '=', value('id'))
  )

  return {
    find: async (userId: string, id: string): Promise<Note | undefined> => (await find({ userId, id }))[0],

    insert: (userId: string, { text }: NewNote): Promise<Note> =>
      db
        .insertInto('product_notes')
        .values({ id: newId(), user_id: userId, text })
        .returning(columns)
        .executeTakeFirstOrThrow(),

    async count(): Promise<number> {
      const { count } = await db
        .selectFrom('product_notes')
        .select((eb) => eb.fn.countAll<string>().as('count'))
        .executeTakeFirstOrThrow()
      return Number(count)
    }
  }
}
