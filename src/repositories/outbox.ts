import { type Expression, type Kysely, sql, type Transaction } from 'kysely'
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
  | 'passkey.added'
  | 'passkey.removed'
  | 'token.created'

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

/** Which earlier mails to a recipient are counted: those of these kinds, within `window` seconds before it, up to `max`. */
export interface Budget {
  mail: Pick<ClaimedMail, 'id' | 'recipient' | 'created_at'>
  kinds: readonly MailKind[]
  window: number
  max: number
}

/** What became of a mail. */
export interface Finished {
  id: string
  outcome: Outcome
  error?: string | undefined
}

const longestUserAgent = 512
const longestError = 500
/** Besides `reset`, whose user is looked up when it is sent. */
const ending: MailKind[] = ['verify', 'email.confirm']
export const namingUser: MailKind[] = [...ending, 'email.requested', 'email.changed']
/** Rows per statement, so that no statement takes long. */
const batch = 10_000

/** Evaluated once, before the rest of the statement. */
const anyOf = (query: Expression<{ id: string }>) => sql<string>`any(array${query})`
const seconds = (count: unknown) => sql<string>`make_interval(secs => ${count}::float8)`

type Named<Values> = (name: keyof Values) => unknown

/** For each of some mails, reads at most `max` rows, however many somebody causes: the index has none that was dropped. */
export const earlierMails = (db: Kysely<Database> | Transaction<Database>, value: Named<{ rows: string }>) =>
  db
    .selectFrom(
      sql<{ id: string }>`json_to_recordset(${value('rows')}::text::json)`.as<'given'>(
        sql`given (id uuid, recipient text, created_at timestamptz, kinds text, "window" float8, max int)`
      )
    )
    .select((eb) => [
      'given.id',
      eb
        .selectFrom(
          eb
            .selectFrom('mails')
            .select('mails.id')
            .where('mails.recipient', '=', sql<string>`given.recipient`)
            .where('mails.created_at', '>', sql<string>`given.created_at - make_interval(secs => given."window")`)
            .whereRef('mails.id', '<', 'given.id')
            .where('mails.kind', '=', sql<string>`any(string_to_array(given.kinds, ' '))`)
            .where('mails.outcome', 'is distinct from', sql.lit('dropped'))
            .orderBy('mails.created_at')
            .limit(sql<number>`given.max`)
            .as('earlier')
        )
        .select(({ fn }) => fn.countAll<number | string>().as('count'))
        .as('count')
    ])

/** All SQL on the outbox. */
export function outboxRepository(db: Kysely<Database> | Transaction<Database>) {
  /** Of a user of ours. */
  const addressOf = (userId: string) =>
    db.selectFrom('users').select('email').where('id', '=', userId).where('issuer', 'is', null)

  /** The rows that are due for longest. Rows that another process claims at this moment are skipped. */
  const claim = prepared<{ lease: number; max: number }, ClaimedMail>(db, (value) =>
    db
      .updateTable('mails')
      .set({
        next_at: sql<string>`now() + ${seconds(value('lease'))}`,
        attempts: sql<number>`attempts + 1`,
        error: null
      })
      .where('id', '=', (eb) =>
        anyOf(
          eb
            .selectFrom('mails')
            .select('id')
            .where('done_at', 'is', null)
            .where('next_at', '<=', sql<string>`now()`)
            .orderBy('next_at')
            .limit(sql<number>`${value('max')}::int`)
            .forUpdate()
            .skipLocked()
        )
      )
      .returning([
        ...(['id', 'recipient', 'user_id', 'change_id', 'language', 'address', 'user_agent', 'seed'] as const),
        ...(['kind', 'created_at', 'attempts'] as const),
        sql<number>`extract(epoch from now() - created_at)::float8`.as('age')
      ])
      .$castTo<ClaimedMail>()
  )

  const countEarlier = prepared<{ rows: string }, { id: string; count: number | string | null }>(db, (value) =>
    earlierMails(db, value)
  )

  // Locked in the order of their ids, as everywhere.
  const finish = prepared<{ ids: string; rows: string }, unknown>(db, (value) =>
    db
      .updateTable('mails')
      .from(
        sql<{
          id: string
          outcome: string
          error: string | null
        }>`json_to_recordset(${value('rows')}::text::json)`.as<'given'>(sql`given (id uuid, outcome text, error text)`)
      )
      .set(({ ref }) => ({
        done_at: sql<string>`now()`,
        outcome: ref('given.outcome'),
        error: ref('given.error'),
        seed: Buffer.alloc(0)
      }))
      .whereRef('mails.id', '=', 'given.id')
      .where('mails.id', '=', (eb) =>
        anyOf(
          eb
            .selectFrom('mails')
            .select('id')
            .where('id', '=', sql<string>`any(string_to_array(${value('ids')}::text, ' ')::uuid[])`)
            .orderBy('id')
            .forUpdate()
        )
      )
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

    /** Claims up to `max` mails for `lease` seconds. Afterwards another process may claim them. */
    claim: (lease: number, max: number): Promise<ClaimedMail[]> => claim({ lease, max }),

    /** Makes due again what a process had claimed that ended before it sent it. Only for the only process of a database. */
    giveBack: () =>
      db
        .updateTable('mails')
        .set({ next_at: sql<string>`now()` })
        .where('done_at', 'is', null)
        .where('attempts', '>', 0)
        // A mail that waits for its repetition has the reason.
        .where('error', 'is', null)
        .execute(),

    async finish(mails: Finished[]): Promise<void> {
      const rows = mails.map(({ id, outcome, error }) => ({ id, outcome, error: error?.slice(0, longestError) }))
      await finish({ ids: mails.map(({ id }) => id).join(' '), rows: JSON.stringify(rows) })
    },

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
          anyOf(
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
          )
        )
        .execute(),

    /**
     * For each mail, counts the earlier ones of its budget, without those that were dropped. The earliest ones win, whichever
     * process looks first.
     */
    async countEarlier(budgets: Budget[]): Promise<number[]> {
      const rows = budgets.map(({ mail: { id, recipient, created_at }, kinds, window, max }) => ({
        ...{ id, recipient, created_at, window, max },
        kinds: kinds.join(' ')
      }))
      const counted = await countEarlier({ rows: JSON.stringify(rows) })
      const counts = new Map(counted.map(({ id, count }) => [id, Number(count)]))
      return budgets.map(({ mail }) => counts.get(mail.id) as number)
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
