import { type Kysely, sql, type Transaction } from 'kysely'
import { prepared } from '../database/prepared.ts'
import type { Database } from '../database/tables.ts'
import { newId } from '../util/ids.ts'
import type { ChangeId } from './email-changes.ts'

/** What a mail is about. `src/mail/letters.ts` writes the letter of each kind. */
export type MailKind =
  | 'reset'
  | 'verify'
  | 'sign-up'
  | 'password.changed'
  | 'login.new'
  | 'email.confirm'
  | 'email.requested'
  | 'email.changed'
  | 'email.restored'
  | 'totp.on'
  | 'totp.off'
  | 'recovery_code.used'

export interface NewMail {
  kind: MailKind
  recipient: string
  user_id?: string | undefined
  /** The change of address that it is about. */
  change_id?: ChangeId | undefined
  language: string
  address: string
  user_agent: string | null
  seed: Buffer
}

/** A mail that this process sends. */
export interface ClaimedMail extends Omit<NewMail, 'user_id' | 'change_id'> {
  id: string
  user_id: string | null
  change_id: ChangeId | null
  created_at: string
  attempts: number
  /** Seconds since it was written. */
  age: number
}

export type Outcome = 'sent' | 'dropped' | 'dead'

interface Before {
  id: string
  recipient: string
  created_at: string
  /** Separated by blanks. */
  kinds: string
  window: number
  max: number
}

const longestUserAgent = 512
const longestError = 500
/** Besides `reset`, whose user is looked up when it is sent. */
const ending: MailKind[] = ['verify', 'email.confirm']
export const namingUser: MailKind[] = [...ending, 'email.requested', 'email.changed']
/** Rows per statement, so that no statement takes long. */
const batch = 10_000

const seconds = (count: unknown) => sql<string>`make_interval(secs => ${count}::float8)`

type Named<Values> = (name: keyof Values) => unknown

/** Reads at most `max` rows, however many mails somebody causes: the index has none that was dropped. */
export const earlierMails = (db: Kysely<Database> | Transaction<Database>, value: Named<Before>) =>
  db
    .selectFrom((eb) =>
      eb
        .selectFrom('mails')
        .select('id')
        .where('recipient', '=', sql<string>`${value('recipient')}::text`)
        .where('created_at', '>', sql<string>`${value('created_at')}::timestamptz - ${seconds(value('window'))}`)
        .where('id', '<', sql<string>`${value('id')}::uuid`)
        .where('kind', '=', sql<string>`any(string_to_array(${value('kinds')}::text, ' '))`)
        .where('outcome', 'is distinct from', sql.lit('dropped'))
        .orderBy('created_at')
        .limit(sql<number>`${value('max')}::int`)
        .as('earlier')
    )
    .select(({ fn }) => fn.countAll<number | string>().as('count'))

/** All SQL on the outbox. */
export function outboxRepository(db: Kysely<Database> | Transaction<Database>) {
  /** Of a user of ours. */
  const addressOf = (userId: string) =>
    db.selectFrom('users').select('email').where('id', '=', userId).where('issuer', 'is', null)

  /** One row, the due one that is due for longest. Rows that another process claims at this moment are skipped. */
  const claim = prepared<{ lease: number }, ClaimedMail>(db, (value) =>
    db
      .updateTable('mails')
      .set({
        next_at: sql<string>`now() + ${seconds(value('lease'))}`,
        attempts: sql<number>`attempts + 1`
      })
      .where('id', '=', (eb) =>
        eb
          .selectFrom('mails')
          .select('id')
          .where('done_at', 'is', null)
          .where('next_at', '<=', sql<string>`now()`)
          .orderBy('next_at')
          .limit(1)
          .forUpdate()
          .skipLocked()
      )
      .returning([
        ...(['id', 'recipient', 'user_id', 'change_id', 'language', 'address', 'user_agent', 'seed'] as const),
        ...(['kind', 'created_at', 'attempts'] as const),
        sql<number>`extract(epoch from now() - created_at)::float8`.as('age')
      ])
      .$castTo<ClaimedMail>()
  )

  const countBefore = prepared<Before, { count: number | string }>(db, (value) => earlierMails(db, value))

  const finish = prepared<{ id: string; outcome: Outcome; error: string | null }, unknown>(db, (value) =>
    db
      .updateTable('mails')
      .set({
        done_at: sql<string>`now()`,
        outcome: sql<string>`${value('outcome')}::text`,
        error: sql<string>`${value('error')}::text`,
        seed: Buffer.alloc(0)
      })
      .where('id', '=', sql<string>`${value('id')}::uuid`)
  )

  return {
    /** Writes a mail into the outbox. Its id, which is returned, sorts after those of earlier mails. */
    async insert({ user_agent, ...mail }: NewMail): Promise<string> {
      const id = newId()
      await db
        .insertInto('mails')
        .values({ id, user_agent: user_agent?.slice(0, longestUserAgent) ?? null, ...mail })
        .execute()
      return id
    },

    /** Claims a mail for `lease` seconds. Afterwards another process may claim it. */
    claim: async (lease: number): Promise<ClaimedMail | undefined> => (await claim({ lease }))[0],

    finish: (id: string, outcome: Outcome, error: string | null = null) =>
      finish({ id, outcome, error: error?.slice(0, longestError) ?? null }),

    /** Makes a claimed mail due again after `delay` seconds. */
    postpone: (id: string, delay: number, error: string) =>
      db
        .updateTable('mails')
        .set({ next_at: sql<string>`now() + ${seconds(delay)}`, error: error.slice(0, longestError) })
        .where('id', '=', id)
        .where('done_at', 'is', null)
        .execute(),

    /**
     * Drops the waiting mails of a user whose tokens end with a change of the password or the address, also those that a
     * process is about to send; of a user who is deleted, all whose tokens name the user.
     */
    withdraw: (userId: string, kinds: readonly MailKind[] = ending) =>
      db
        .updateTable('mails')
        .set({
          done_at: sql<string>`now()`,
          outcome: 'dropped',
          error: 'the password or the address has changed',
          seed: Buffer.alloc(0)
        })
        .where('id', '=', (eb) =>
          eb.fn<string>('any', [
            eb.fn('array', [
              eb
                .selectFrom('mails')
                .select('id')
                .where((eb) =>
                  eb.or([
                    eb.and([eb('user_id', '=', userId), eb('kind', 'in', kinds)]),
                    eb.and([eb('kind', '=', 'reset'), eb('recipient', '=', addressOf(userId))])
                  ])
                )
                .where('outcome', 'is distinct from', sql.lit('dropped'))
                .where('done_at', 'is', null)
                .orderBy('id')
                .forUpdate()
            ])
          ])
        )
        .execute(),

    /**
     * Counts the mails of these kinds to a recipient that were written within `window` seconds before this one, without
     * those that were dropped, up to `max`. The earliest ones win, whichever process looks first.
     */
    async countBefore(mail: ClaimedMail, kinds: readonly MailKind[], window: number, max: number): Promise<number> {
      const { id, recipient, created_at } = mail
      const [counted] = await countBefore({ id, recipient, created_at, kinds: kinds.join(' '), window, max })
      return Number(counted?.count)
    },

    /** The number of waiting mails, and the age of the oldest one in seconds. */
    async waiting(): Promise<{ count: number; age: number }> {
      const { count, age } = await db
        .selectFrom('mails')
        .select(({ fn }) => [
          fn.countAll<number | string>().as('count'),
          sql<number | null>`extract(epoch from now() - min(created_at))::float8`.as('age')
        ])
        .where('done_at', 'is', null)
        .executeTakeFirstOrThrow()
      return { count: Number(count), age: age ?? 0 }
    },

    /** Deletes mails that were done a day ago. Concurrent processes share the work. */
    async removeDone(limit = batch): Promise<void> {
      const old = db
        .selectFrom('mails')
        .select('id')
        .where('done_at', '<=', sql<string>`now() - interval '24 hours'`)
        .orderBy('done_at')
        .limit(limit)
        .forUpdate()
        .skipLocked()
      let gone: number
      do {
        const { numDeletedRows } = await db.deleteFrom('mails').where('id', 'in', old).executeTakeFirst()
        gone = Number(numDeletedRows)
      } while (gone === limit)
    }
  }
}

export type OutboxRepository = ReturnType<typeof outboxRepository>
