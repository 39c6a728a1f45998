import { type Kysely, sql, type Transaction } from 'kysely'
import type { Database } from '../database/tables.ts'
import { newId } from '../util/ids.ts'

/** The columns that the owner may see. */
const columns = ['id', 'name', 'created_at', 'expires_at', 'last_used_at'] as const
const scopes = sql<string[]>`personal_tokens.scopes`.as('scopes')
const now = sql<string>`now()`
const seconds = (column: 'created_at' | 'expires_at') =>
  sql<number>`extract(epoch from ${sql.ref(`personal_tokens.${column}`)})::float8`

interface NewToken {
  user_id: string
  hash: Buffer
  name: string
  scopes: readonly string[]
  expires_in_days: number
}

/** All SQL on personal access tokens. A trigger revokes a deleted one in every process. */
export function personalTokensRepository(db: Kysely<Database> | Transaction<Database>) {
  return {
    insert: ({ expires_in_days, scopes: given, ...token }: NewToken) =>
      db
        .insertInto('personal_tokens')
        .values({
          id: newId(),
          ...token,
          scopes: sql<string[]>`${given}::text[]`,
          expires_at: sql<string>`now() + make_interval(hours => ${24 * expires_in_days}::int)`
        })
        .returning([...columns, scopes])
        .executeTakeFirstOrThrow(),

    list: (userId: string) =>
      db
        .selectFrom('personal_tokens')
        .select([...columns, scopes])
        .where('user_id', '=', userId)
        .where('expires_at', '>', now)
        .orderBy('created_at')
        .orderBy('id')
        .execute(),

    async count(userId: string): Promise<number> {
      const { count } = await db
        .selectFrom('personal_tokens')
        .select(({ fn }) => fn.countAll<number | string>().as('count'))
        .where('user_id', '=', userId)
        .where('expires_at', '>', now)
        .executeTakeFirstOrThrow()
      return Number(count)
    },

    /** Finds a token with its active user. Times are in seconds since 1970. */
    find: (hash: Buffer) =>
      db
        .selectFrom('personal_tokens')
        .innerJoin('users', 'users.id', 'personal_tokens.user_id')
        .select([
          'personal_tokens.id',
          'personal_tokens.user_id',
          'users.email',
          scopes,
          seconds('created_at').as('issued_at'),
          seconds('expires_at').as('expires_at')
        ])
        .where('personal_tokens.hash', '=', hash)
        .where('users.is_active', '=', true)
        .executeTakeFirst(),

    async remove(userId: string, id: string): Promise<boolean> {
      const { numDeletedRows } = await db
        .deleteFrom('personal_tokens')
        .where('user_id', '=', userId)
        .where('id', '=', id)
        .executeTakeFirst()
      return numDeletedRows > 0n
    },

    /** Locks in the order of the ids, as `touch` does. */
    removeAll(userId: string) {
      const all = db.selectFrom('personal_tokens').select('id').where('user_id', '=', userId).orderBy('id').forUpdate()
      return db.deleteFrom('personal_tokens').where('id', '=', sql<string>`any(array${all})`).execute()
    },

    /**
     * Records the minutes in which tokens were used. `ids` and `minutes` (RFC 3339) correspond by index. A minute that another
     * process has written already is not written again; the order of the locks is the same everywhere.
     */
    touch: (ids: readonly string[], minutes: readonly string[]) =>
      sql`
        update personal_tokens set last_used_at = used.minute
        from (
          select personal_tokens.id, given.minute
          from personal_tokens
          join unnest(${ids}::uuid[], ${minutes}::timestamptz[]) as given (id, minute) on given.id = personal_tokens.id
          where personal_tokens.last_used_at is null or personal_tokens.last_used_at < given.minute
          order by personal_tokens.id
          for no key update of personal_tokens
        ) as used
        where personal_tokens.id = used.id`.execute(db),

    removeExpired: () => db.deleteFrom('personal_tokens').where('expires_at', '<=', now).execute()
  }
}

export type PersonalTokensRepository = ReturnType<typeof personalTokensRepository>
