import { type Kysely, sql, type Transaction } from 'kysely'
import type { Database } from '../database/tables.ts'

/** Seconds. */
export const challengeLife = 5 * 60
const maxTries = 5
/** For how long a secret waits for its first code. */
const pendingEnd = sql<string>`now() + interval '10 minutes'`
const now = sql<string>`now()`

type Connection = Kysely<Database> | Transaction<Database>

/** Whether the user of a column, or with an id, has a second factor. */
export const hasSecondFactor = (user: 'sessions.user_id' | { id: string }) => {
  const id = typeof user === 'string' ? sql.ref(user) : sql`${user.id}::uuid`
  return sql<boolean>`(
    exists (select from totp_factors where totp_factors.user_id = ${id} and totp_factors.expires_at is null)
    or exists (select from passkeys where passkeys.user_id = ${id})
  )`
}

/** All SQL on second factors, recovery codes and challenges. */
export function factorsRepository(db: Connection) {
  return {
    /** Which factors a user has besides the password. */
    find: (userId: string) =>
      db
        .selectNoFrom([
          sql<boolean>`exists (select from totp_factors where user_id = ${userId} and expires_at is null)`.as('totp'),
          sql<number>`(select count(*)::integer from passkeys where user_id = ${userId})`.as('passkeys'),
          sql<number>`(select count(*)::integer from recovery_codes where user_id = ${userId})`.as('recovery_codes')
        ])
        .executeTakeFirstOrThrow(),

    /** Whether a user has a second factor, and whether a session has proved one since then (seconds since 1970). */
    findProof: (userId: string, sessionId: string, since: number) =>
      db
        .selectNoFrom([
          hasSecondFactor({ id: userId }).as('is_needed'),
          sql<boolean>`exists (
            select from sessions where id = ${sessionId} and user_id = ${userId}
              and amr @> '{mfa}' and auth_time >= to_timestamp(${since}::float8)
          )`.as('is_proved')
        ])
        .executeTakeFirstOrThrow(),

    /** Stores a secret that is not on yet, in place of an earlier one. Returns false if one is on. */
    async offerTotp(user_id: string, secret: Buffer): Promise<boolean> {
      const { numInsertedOrUpdatedRows } = await db
        .insertInto('totp_factors')
        .values({ user_id, secret, expires_at: pendingEnd })
        .onConflict((conflict) =>
          conflict
            .column('user_id')
            .doUpdateSet({ secret, expires_at: pendingEnd })
            .where('totp_factors.expires_at', 'is not', null)
        )
        .executeTakeFirst()
      return Number(numInsertedOrUpdatedRows) > 0
    },

    findPendingTotp: (userId: string) =>
      db
        .selectFrom('totp_factors')
        .select('secret')
        .where('user_id', '=', userId)
        .where('expires_at', '>', now)
        .executeTakeFirst(),

    confirmTotp: (userId: string, last_step: number) =>
      db.updateTable('totp_factors').set({ expires_at: null, last_step }).where('user_id', '=', userId).execute(),

    findTotp: (userId: string) =>
      db
        .selectFrom('totp_factors')
        .select('secret')
        .where('user_id', '=', userId)
        .where('expires_at', 'is', null)
        .executeTakeFirst(),

    /** Uses the code of a step: of concurrent callers only one gets true, and no earlier step works any longer. */
    async useStep(userId: string, step: number, resealed: Buffer | undefined): Promise<boolean> {
      const { numUpdatedRows } = await db
        .updateTable('totp_factors')
        .set({ last_step: step, ...(resealed && { secret: resealed }) })
        .where('user_id', '=', userId)
        .where('expires_at', 'is', null)
        .where('last_step', '<', step)
        .executeTakeFirst()
      return numUpdatedRows > 0n
    },

    /** Secrets, in the order of the users, that begin otherwise: another key sealed them. */
    findSealedOtherwise: (prefix: Buffer, after: string, limit: number) =>
      db
        .selectFrom('totp_factors')
        .select(['user_id', 'secret'])
        .where('user_id', '>', after)
        .where(sql<boolean>`substring(secret from 1 for ${prefix.length}) <> ${prefix}`)
        .orderBy('user_id')
        .limit(limit)
        .execute(),

    replaceSecret: (userId: string, before: Buffer, secret: Buffer) =>
      db
        .updateTable('totp_factors')
        .set({ secret })
        .where('user_id', '=', userId)
        .where('secret', '=', before)
        .execute(),

    async removeTotp(userId: string): Promise<boolean> {
      const { numDeletedRows } = await db
        .deleteFrom('totp_factors')
        .where('user_id', '=', userId)
        .where('expires_at', 'is', null)
        .executeTakeFirst()
      return numDeletedRows > 0n
    },

    removeRecoveryCodes: (userId: string) => db.deleteFrom('recovery_codes').where('user_id', '=', userId).execute(),

    addRecoveryCodes: (user_id: string, hashes: Buffer[]) =>
      db
        .insertInto('recovery_codes')
        .values(hashes.map((hash) => ({ user_id, hash })))
        .execute(),

    /** Uses a recovery code: of concurrent callers only one gets true. */
    async useRecoveryCode(userId: string, hash: Buffer): Promise<boolean> {
      const { numDeletedRows } = await db
        .deleteFrom('recovery_codes')
        .where('user_id', '=', userId)
        .where('hash', '=', hash)
        .executeTakeFirst()
      return numDeletedRows > 0n
    },

    addChallenge: (user_id: string, hash: Buffer) =>
      db
        .insertInto('login_challenges')
        .values({ user_id, hash, expires_at: sql<string>`now() + make_interval(secs => ${challengeLife})` })
        .execute(),

    /** Counts a try. Returns the user of the challenge, unless it has expired or has had too many tries. */
    tryChallenge: (hash: Buffer) =>
      db
        .updateTable('login_challenges')
        .set({ tries: sql<number>`tries + 1` })
        .where('hash', '=', hash)
        .where('tries', '<', maxTries)
        .where('expires_at', '>', now)
        .returning('user_id')
        .executeTakeFirst(),

    /** Uses a challenge: of concurrent callers only one gets true. */
    async takeChallenge(hash: Buffer): Promise<boolean> {
      const { numDeletedRows } = await db.deleteFrom('login_challenges').where('hash', '=', hash).executeTakeFirst()
      return numDeletedRows > 0n
    },

    removeChallenges: (userId: string) => db.deleteFrom('login_challenges').where('user_id', '=', userId).execute(),

    async removeExpired(): Promise<void> {
      await db.deleteFrom('login_challenges').where('expires_at', '<=', now).execute()
      await db.deleteFrom('totp_factors').where('expires_at', '<=', now).execute()
    }
  }
}
