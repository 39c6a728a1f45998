import { type Kysely, sql, type Transaction } from 'kysely'
import type { Database } from '../database/tables.ts'
import { emailChangesRepository } from './email-changes.ts'

/** The last two cancel a change of address: `undo` is of the mail after the change. */
export type MailPurpose = 'reset' | 'verify' | 'email.confirm' | 'email.cancel' | 'email.undo'

/** What a change of the password or the address does not invalidate. The change itself says for how long they work. */
const lasting: MailPurpose[] = ['email.cancel', 'email.undo']

export interface NewMailToken {
  purpose: MailPurpose
  /** The address, or the id of a change of address. */
  subject: string
  mail_id: string
  email: string
  user_id: string | null
  hash: Buffer
  code_hash: Buffer
  /** Seconds. */
  lifetime: number
}

/** Wrong codes after which a token accepts no code. */
const maxTries = 5

const columns = ['hash', 'code_hash', 'email', 'subject', 'user_id', 'mail_id'] as const
const now = sql<string>`now()`

/** All SQL on the tokens of mails. */
export function mailTokensRepository(db: Kysely<Database> | Transaction<Database>) {
  return {
    /**
     * Stores the token of a mail. It replaces the one of an older mail. A mail that is sent again keeps its token, with a
     * new end. Returns false if a newer mail has replaced it, or if it was used.
     */
    async mint({ lifetime, ...token }: NewMailToken): Promise<boolean> {
      const { hash, code_hash, mail_id, user_id, email } = token
      const expires_at = sql<string>`now() + make_interval(secs => ${lifetime})`
      const { numInsertedOrUpdatedRows } = await db
        .insertInto('mail_tokens')
        .values({ ...token, expires_at })
        .onConflict((conflict) =>
          conflict
            .columns(['purpose', 'subject'])
            .doUpdateSet((eb) => ({
              ...{ hash, code_hash, mail_id, user_id, email, expires_at },
              tries: sql<number>`case when ${eb.ref('mail_tokens.mail_id')} = ${mail_id} then mail_tokens.tries else 0 end`,
              used_at: null
            }))
            .where((eb) =>
              eb.or([
                eb('mail_tokens.mail_id', '<', mail_id),
                eb.and([eb('mail_tokens.mail_id', '=', mail_id), eb('mail_tokens.used_at', 'is', null)])
              ])
            )
        )
        .executeTakeFirst()
      return Number(numInsertedOrUpdatedRows) > 0
    },

    /** Finds a valid token of one of the purposes by its hash, without using it. */
    find: (purposes: readonly MailPurpose[], hash: Buffer) =>
      db
        .selectFrom('mail_tokens')
        .select(columns)
        .where('hash', '=', hash)
        .where('purpose', 'in', purposes)
        .where('used_at', 'is', null)
        .where('expires_at', '>', now)
        .executeTakeFirst(),

    /** Counts a try of a code for a subject. Returns the token, unless it is invalid or has had too many tries. */
    try: (purpose: MailPurpose, subject: string) =>
      db
        .updateTable('mail_tokens')
        .set({ tries: sql<number>`tries + 1` })
        .where('purpose', '=', purpose)
        .where('subject', '=', subject)
        .where('tries', '<', maxTries)
        .where('used_at', 'is', null)
        .where('expires_at', '>', now)
        .returning(columns)
        .executeTakeFirst(),

    /** Takes back the try of a code that was right. */
    giveBack: (hash: Buffer) =>
      db.updateTable('mail_tokens').set({ tries: sql<number>`tries - 1` }).where('hash', '=', hash).execute(),

    /** Uses a token. Of concurrent callers only one gets true. */
    async use(purpose: MailPurpose, hash: Buffer): Promise<boolean> {
      const { numUpdatedRows } = await db
        .updateTable('mail_tokens')
        .set({ used_at: now })
        .where('hash', '=', hash)
        .where('purpose', '=', purpose)
        .where('used_at', 'is', null)
        .where('expires_at', '>', now)
        .executeTakeFirst()
      return numUpdatedRows > 0n
    },

    /**
     * Invalidates the tokens of a user, as after a change of the password or the address, and a change of address that
     * waits for its confirmation, also if its mail is not sent yet.
     */
    async invalidate(userId: string): Promise<void> {
      await db
        .updateTable('mail_tokens')
        .set({ used_at: now })
        .where('user_id', '=', userId)
        .where('purpose', 'not in', lasting)
        .where('used_at', 'is', null)
        .execute()
      await emailChangesRepository(db).withdraw(userId)
    },

    removeExpired: () =>
      db.deleteFrom('mail_tokens').where('expires_at', '<=', sql<string>`now() - interval '1 day'`).execute()
  }
}

export type MailTokensRepository = ReturnType<typeof mailTokensRepository>
