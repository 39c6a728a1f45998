import { type Kysely, sql, type Transaction } from 'kysely'
import { prepared } from '../database/prepared.ts'
import type { Database } from '../database/tables.ts'
import { emailChangesRepository } from './email-changes.ts'
import { outboxRepository } from './outbox.ts'

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
const hex = (bytes: Buffer) => `\\x${bytes.toString('hex')}`

/** All SQL on the tokens of mails. */
export function mailTokensRepository(db: Kysely<Database> | Transaction<Database>) {
  /**
   * The lock makes an invalidation wait that would not see the new token, or this statement wait for the invalidation. All
   * are locked before the first token is stored, and in one order everywhere, so that nobody waits in a circle.
   */
  const mint = prepared<{ ids: string; rows: string }, { mail_id: string }>(db, (value) =>
    db
      .with('live', (db) =>
        db
          .selectFrom('mails')
          .select('id')
          .where('id', '=', sql<string>`any(string_to_array(${value('ids')}::text, ' ')::uuid[])`)
          .where('done_at', 'is', null)
          .orderBy('id')
          .forShare()
      )
      .insertInto('mail_tokens')
      .columns(['purpose', 'subject', 'mail_id', 'email', 'user_id', 'hash', 'code_hash', 'expires_at'])
      .expression((eb) =>
        eb
          .selectFrom(
            sql<
              Omit<NewMailToken, 'lifetime'> & { lifetime: number }
            >`json_to_recordset(${value('rows')}::text::json)`.as<'given'>(
              sql`given (purpose text, subject text, mail_id uuid, email text, user_id uuid, hash bytea, code_hash bytea, lifetime float8)`
            )
          )
          .innerJoin('live', 'live.id', 'given.mail_id')
          .select(['purpose', 'subject', 'mail_id', 'email', 'user_id', 'hash', 'code_hash'])
          .select(sql<string>`now() + make_interval(secs => lifetime)`.as('expires_at'))
          .orderBy('purpose')
          .orderBy('subject')
      )
      .onConflict((conflict) =>
        conflict
          .columns(['purpose', 'subject'])
          .doUpdateSet(({ ref }) => ({
            hash: ref('excluded.hash'),
            code_hash: ref('excluded.code_hash'),
            mail_id: ref('excluded.mail_id'),
            user_id: ref('excluded.user_id'),
            email: ref('excluded.email'),
            expires_at: ref('excluded.expires_at'),
            tries: sql<number>`case when mail_tokens.mail_id = excluded.mail_id then mail_tokens.tries else 0 end`,
            used_at: null
          }))
          .where((eb) =>
            eb.or([
              eb('mail_tokens.mail_id', '<', eb.ref('excluded.mail_id')),
              eb.and([
                eb('mail_tokens.mail_id', '=', eb.ref('excluded.mail_id')),
                eb('mail_tokens.used_at', 'is', null)
              ])
            ])
          )
      )
      .returning('mail_tokens.mail_id')
  )

  return {
    /**
     * Stores the tokens of mails. One replaces that of an older mail with the same purpose and subject. A mail that is sent
     * again keeps its token, with a new end. Returns, in their order, which are valid: not those that a newer mail has
     * replaced, that were used, or whose mail was dropped meanwhile.
     */
    async mint(tokens: NewMailToken[]): Promise<boolean[]> {
      const newest = new Map<string, NewMailToken>()
      for (const token of tokens) {
        const key = JSON.stringify([token.purpose, token.subject])
        if (token.mail_id > (newest.get(key)?.mail_id ?? '')) newest.set(key, token)
      }
      const rows = [...newest.values()].map(({ hash, code_hash, ...token }) => ({
        ...token,
        hash: hex(hash),
        code_hash: hex(code_hash)
      }))
      const ids = rows.map(({ mail_id }) => mail_id).join(' ')
      const minted = new Set((await mint({ ids, rows: JSON.stringify(rows) })).map(({ mail_id }) => mail_id))
      return tokens.map(({ mail_id }) => minted.has(mail_id))
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
     * Invalidates the tokens of a user, as after a change of the password or the address, those of mails that are not sent
     * yet, and a change of address that waits for its confirmation. Call it after the change of the address.
     */
    async invalidate(userId: string): Promise<void> {
      // First: what the sender stores before it are tokens of the next statement, and it stores none afterwards.
      await outboxRepository(db).withdraw(userId)
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
