import { type Kysely, sql, type Transaction } from 'kysely'
import type { Database } from '../database/tables.ts'
import { hasSecondFactor } from './factors.ts'
import { type Lives, sessionEnds } from './session-ends.ts'
import { columns as columnsOfUsers } from './users.ts'

/** The columns that the owner may see. */
const columns = ['id', 'created_at', 'last_used_at', 'expires_at', 'user_agent', 'ip', 'amr', 'auth_time'] as const
const userColumns = columnsOfUsers.map((column) => `users.${column}` as const)
const authTime = sql<number | null>`extract(epoch from sessions.auth_time)::float8`.as('auth_time')
const isProved = sql<boolean>`coalesce(sessions.amr @> '{mfa}', false)`
const needsSecondFactor = hasSecondFactor('sessions.user_id').as('needs_second_factor')
const stored = ({ auth_time, amr }: Authentication) => ({
  auth_time: sql<string>`to_timestamp(${auth_time}::float8)`,
  amr: sql<string[]>`${amr}::text[]`
})

/** Grace period in which a replaced token still returns its successor, for two tabs or a lost answer. */
const grace = sql`interval '10 seconds'`

interface Authentication {
  /** Seconds since 1970. */
  auth_time: number
  amr: string[]
}

interface NewSession {
  id: string
  user_id: string
  refresh_hash: Buffer
  authentication: Authentication
  user_agent: string | null
  ip: string
}

interface Rotation {
  id: string
  hash: Buffer
  successorHash: Buffer
  sealedSuccessor: Buffer
  /** Refuses users whose address is not verified. */
  verifiedOnly: boolean
}

/** All SQL on sessions. A trigger revokes the access tokens of a deleted session. */
export function sessionsRepository(db: Kysely<Database> | Transaction<Database>, lives: Lives) {
  const { now, end, actualEnd, firstEnd, accessEnd, secondsLeft } = sessionEnds(lives)
  // A token with a longer lifetime, from before the setting changed, may still be valid.
  const longerAccess = sql<string>`greatest(sessions.access_expires_at, ${accessEnd})`

  return {
    /** Opens a session of an active user, who cannot be deactivated before the transaction ends. */
    insert: ({ id, user_id, refresh_hash, authentication, user_agent, ip }: NewSession) =>
      db
        .insertInto('sessions')
        .columns([
          ...(['id', 'user_id', 'refresh_hash', 'auth_time', 'amr', 'user_agent', 'ip'] as const),
          ...(['expires_at', 'access_expires_at'] as const)
        ])
        .expression((eb) =>
          eb
            .selectFrom('users')
            .select([
              sql<string>`${id}::uuid`.as('id'),
              'users.id as user_id',
              sql<Buffer>`${refresh_hash}::bytea`.as('refresh_hash'),
              stored(authentication).auth_time.as('auth_time'),
              stored(authentication).amr.as('amr'),
              sql<string | null>`${user_agent}::text`.as('user_agent'),
              sql<string>`${ip}::text`.as('ip'),
              firstEnd.as('expires_at'),
              accessEnd.as('access_expires_at')
            ])
            .where('users.id', '=', user_id)
            .where('users.is_active', '=', true)
            .forShare()
        )
        .returning([needsSecondFactor, secondsLeft])
        .executeTakeFirst(),

    /**
     * Rotates the current refresh token or, for the previous one within its grace period, returns its successor. One
     * statement: of concurrent requests the first rotates, and the others wait for the row lock and then match the
     * previous token. Returns undefined for any other token, when the session or its user has ended, or when the user has a
     * second factor that the session has not proved.
     */
    rotate({ id, hash, successorHash, sealedSuccessor, verifiedOnly }: Rotation) {
      const current = sql<boolean>`sessions.refresh_hash = ${hash}`
      const keep = <T>(change: T, column: string) =>
        sql<T>`case when ${current} then ${change} else ${sql.ref(column)} end`
      return db
        .updateTable('sessions')
        .from('users')
        .set({
          previous_hash: keep(hash, 'sessions.previous_hash'),
          refresh_hash: keep(successorHash, 'sessions.refresh_hash'),
          sealed_successor: keep(sealedSuccessor, 'sessions.sealed_successor'),
          rotated_at: sql`case when ${current} then now() else sessions.rotated_at end`,
          last_used_at: now,
          expires_at: end,
          access_expires_at: longerAccess
        })
        .where('sessions.id', '=', id)
        .where(actualEnd, '>', now)
        .where((eb) =>
          eb.or([
            eb('sessions.refresh_hash', '=', hash),
            eb.and([
              eb('sessions.previous_hash', '=', hash),
              eb('sessions.rotated_at', '>', sql<string>`now() - ${grace}`)
            ])
          ])
        )
        .whereRef('users.id', '=', 'sessions.user_id')
        .where('users.is_active', '=', true)
        .where((eb) => eb.or([isProved, eb.not(hasSecondFactor('sessions.user_id'))]))
        .$if(verifiedOnly, (query) => query.where('users.email_verified', '=', true))
        .returning([
          ...userColumns,
          'sessions.sealed_successor',
          authTime,
          'sessions.amr',
          needsSecondFactor,
          secondsLeft
        ])
        .$narrowType<{ sealed_successor: Buffer }>()
        .executeTakeFirst()
    },

    /** Records that the active user of a session that has not ended has proved again who they are. */
    raise: (userId: string, id: string, authentication: Authentication) =>
      db
        .updateTable('sessions')
        .from('users')
        .set({
          ...stored(authentication),
          last_used_at: now,
          access_expires_at: longerAccess
        })
        .where('sessions.user_id', '=', userId)
        .where('sessions.id', '=', id)
        .where(actualEnd, '>', now)
        .whereRef('users.id', '=', 'sessions.user_id')
        .where('users.is_active', '=', true)
        .returning([...userColumns, needsSecondFactor, secondsLeft])
        .executeTakeFirst(),

    list: (userId: string) =>
      db
        .selectFrom('sessions')
        .select(columns)
        .where('user_id', '=', userId)
        .where(actualEnd, '>', now)
        .orderBy('last_used_at', 'desc')
        .orderBy('id')
        .execute(),

    /** Whether a session that has not ended belongs to this active user, who is an admin. */
    async isOfAdmin(userId: string, id: string): Promise<boolean> {
      const found = await db
        .selectFrom('sessions')
        .innerJoin('users', 'users.id', 'sessions.user_id')
        .select('sessions.id')
        .where('sessions.id', '=', id)
        .where('users.id', '=', userId)
        .where('users.role', '=', 'admin')
        .where('users.is_active', '=', true)
        .where(actualEnd, '>', now)
        .executeTakeFirst()
      return found !== undefined
    },

    /** Locks a session until the transaction ends. */
    hold: (userId: string, id: string) =>
      db
        .selectFrom('sessions')
        .select([authTime, 'sessions.amr'])
        .where('user_id', '=', userId)
        .where('id', '=', id)
        .forUpdate()
        .executeTakeFirst(),

    async remove(userId: string, id: string): Promise<boolean> {
      const { numDeletedRows } = await db
        .deleteFrom('sessions')
        .where('user_id', '=', userId)
        .where('id', '=', id)
        .executeTakeFirst()
      return numDeletedRows > 0n
    },

    /** Ends the session of a refresh token that is no longer current. Returns its user. */
    removeStolen: (id: string, hash: Buffer) =>
      db
        .deleteFrom('sessions')
        .where('id', '=', id)
        .where('refresh_hash', '!=', hash)
        .where(actualEnd, '>', now)
        .returning('user_id')
        .executeTakeFirst(),

    removeUnused(userId: string, kept: number) {
      const unused = db
        .selectFrom('sessions')
        .select('id')
        .where('user_id', '=', userId)
        .orderBy('last_used_at', 'desc')
        .orderBy('id')
        .offset(kept)
      return db.deleteFrom('sessions').where('id', 'in', unused).execute()
    },

    removeAll: (userId: string, except?: string) =>
      db
        .deleteFrom('sessions')
        .where('user_id', '=', userId)
        .where('id', 'is distinct from', except ?? null)
        .execute(),

    /** Ends the sessions of a user that have not proved a second factor. */
    removeWithoutSecondFactor: (userId: string, except: string) =>
      db
        .deleteFrom('sessions')
        .where('user_id', '=', userId)
        .where('id', '!=', except)
        .where((eb) => eb.not(isProved))
        .execute(),

    /** Updates `last_used_at` of many sessions. `ids` and `times` (RFC 3339) correspond by index. */
    touch: (ids: string[], times: string[]) =>
      sql`
        update sessions set last_used_at = greatest(last_used_at, used.at)
        from unnest(${ids}::uuid[], ${times}::timestamptz[]) as used (id, at)
        where sessions.id = used.id`.execute(db),

    removeExpired: () => db.deleteFrom('sessions').where('expires_at', '<=', now).execute()
  }
}
