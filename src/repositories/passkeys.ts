import { type Kysely, sql, type Transaction } from 'kysely'
import type { Database } from '../database/tables.ts'
import { newId } from '../util/ids.ts'

/** The columns that the owner may see. */
const columns = ['id', 'name', 'credential_id', 'backed_up', 'created_at', 'last_used_at'] as const

export interface NewPasskey {
  user_id: string
  name: string
  /** Base64url. */
  credential_id: string
  /** COSE. */
  public_key: Buffer
  sign_count: number
  transports: string[]
  backup_eligible: boolean
  backed_up: boolean
}

/** What an authenticator says of itself when a passkey is used. */
export interface PasskeyUse {
  sign_count: number
  backup_eligible: boolean
  backed_up: boolean
}

/** All SQL on passkeys and their challenges. */
export function passkeysRepository(db: Kysely<Database> | Transaction<Database>) {
  return {
    /** Returns undefined if the credential is registered already, by this user or another. */
    insert: (passkey: NewPasskey) =>
      db
        .insertInto('passkeys')
        .values({ id: newId(), ...passkey })
        .onConflict((conflict) => conflict.column('credential_id').doNothing())
        .returning(columns)
        .executeTakeFirst(),

    list: (userId: string) =>
      db.selectFrom('passkeys').select(columns).where('user_id', '=', userId).orderBy('id').execute(),

    /** What a browser needs to recognise the passkeys of a user. */
    descriptors: (userId: string) =>
      db
        .selectFrom('passkeys')
        .select(['credential_id', 'transports'])
        .where('user_id', '=', userId)
        .orderBy('id')
        .execute(),

    /** Finds what verifies an assertion. */
    find: (credentialId: string) =>
      db
        .selectFrom('passkeys')
        .select(['id', 'user_id', 'credential_id', 'public_key'])
        .where('credential_id', '=', credentialId)
        .executeTakeFirst(),

    /** Records a use. Returns false if the passkey was removed, or if its counter is not beyond that of the latest use. */
    async use(id: string, { sign_count, backup_eligible, backed_up }: PasskeyUse): Promise<boolean> {
      const { numUpdatedRows } = await db
        .updateTable('passkeys')
        .set({ sign_count, backup_eligible, backed_up, last_used_at: sql<string>`now()` })
        .where('id', '=', id)
        .where(sql<boolean>`(sign_count < ${sign_count}::bigint or (sign_count = 0 and ${sign_count}::bigint = 0))`)
        .executeTakeFirst()
      return numUpdatedRows > 0n
    },

    rename: (userId: string, id: string, name: string) =>
      db
        .updateTable('passkeys')
        .set({ name })
        .where('user_id', '=', userId)
        .where('id', '=', id)
        .returning(columns)
        .executeTakeFirst(),

    async remove(userId: string, id: string): Promise<boolean> {
      const { numDeletedRows } = await db
        .deleteFrom('passkeys')
        .where('user_id', '=', userId)
        .where('id', '=', id)
        .executeTakeFirst()
      return numDeletedRows > 0n
    },

    async removeAll(userId: string): Promise<number> {
      const { numDeletedRows } = await db.deleteFrom('passkeys').where('user_id', '=', userId).executeTakeFirst()
      return Number(numDeletedRows)
    },

    /** Uses a challenge: of concurrent callers only one gets true. `expiresAt` is in milliseconds since 1970. */
    async useChallenge(hash: Buffer, expiresAt: number): Promise<boolean> {
      const { numInsertedOrUpdatedRows } = await db
        .insertInto('used_passkey_challenges')
        .values({ hash, expires_at: new Date(expiresAt).toISOString() })
        .onConflict((conflict) => conflict.doNothing())
        .executeTakeFirst()
      return Number(numInsertedOrUpdatedRows) > 0
    },

    /** A day later, because processes decide by their own clocks whether a challenge has expired. */
    removeExpired: () =>
      db
        .deleteFrom('used_passkey_challenges')
        .where('expires_at', '<=', sql<string>`now() - interval '1 day'`)
        .execute()
  }
}

export type PasskeysRepository = ReturnType<typeof passkeysRepository>
