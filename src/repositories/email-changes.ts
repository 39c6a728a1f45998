import { type Kysely, sql, type Transaction } from 'kysely'
import type { Database } from '../database/tables.ts'

/** A number that PostgreSQL's driver returns as text. */
export type ChangeId = string | number

/** For how long a change can be cancelled or undone. */
const cancellable = sql<string>`now() + interval '72 hours'`
const now = sql<string>`now()`

/** Whether the old address of a change is reserved: a minute longer than the change can be undone. */
const isReserved = sql<boolean>`email_changes.confirmed_at is not null and email_changes.cancelled_at is null
  and email_changes.expires_at > now() - interval '1 minute'`
const isPending = sql<boolean>`email_changes.confirmed_at is null and email_changes.cancelled_at is null
  and email_changes.withdrawn_at is null`

/** The changes that reserve one of these addresses, for others than their user. */
export const reservations = (db: Kysely<Database> | Transaction<Database>, emails: string[]) =>
  db.selectFrom('email_changes').select('old_email').where('old_email', 'in', emails).where(isReserved)

/** All SQL on changes of addresses. */
export function emailChangesRepository(db: Kysely<Database> | Transaction<Database>) {
  return {
    /** Adds a change of an active user of ours, withdrawn if the user may not change now. Call `withdraw` before it. */
    insert: (userId: string, email: string) =>
      db
        .insertInto('email_changes')
        .columns(['user_id', 'old_email', 'new_email', 'expires_at', 'withdrawn_at'])
        .expression((eb) =>
          eb
            .selectFrom('users')
            .select(['id', 'email', sql<string>`${email}::text`.as('new_email'), cancellable.as('expires_at')])
            .select(({ selectFrom }) => [
              selectFrom('email_changes')
                .select(sql<string>`min(now())`.as('at'))
                .where('user_id', '=', userId)
                .where('held_until', '>', now)
                .as('withdrawn_at')
            ])
            .where('id', '=', userId)
            .where('issuer', 'is', null)
            .where('is_active', '=', true)
        )
        .returning(['id', 'old_email'])
        .executeTakeFirstOrThrow(),

    /** From now on, a change that waits for its confirmation cannot be confirmed. */
    withdraw: (userId: string) =>
      db
        .updateTable('email_changes')
        .set({ withdrawn_at: now })
        .where('user_id', '=', userId)
        .where(isPending)
        .execute(),

    /** Finds the change of a user that waits for its confirmation. */
    findPending: (userId: string) =>
      db.selectFrom('email_changes').select('id').where('user_id', '=', userId).where(isPending).executeTakeFirst(),

    /** Finds a change of an active user, for its mails. */
    find: (id: ChangeId | null) =>
      db
        .selectFrom('email_changes')
        .innerJoin('users', 'users.id', 'email_changes.user_id')
        .select([
          isPending.as('is_pending'),
          sql<boolean>`cancelled_at is not null`.as('is_cancelled'),
          sql<boolean>`old_email = new_email`.as('is_same')
        ])
        .where('email_changes.id', '=', id)
        .where('users.is_active', '=', true)
        .executeTakeFirst(),

    /** Confirms a change that waits for it. From now on, it can be undone for as long again. */
    confirm: (userId: string, id: ChangeId) =>
      db
        .updateTable('email_changes')
        .from('users')
        .set((eb) => ({ confirmed_at: now, expires_at: cancellable, was_verified: eb.ref('users.email_verified') }))
        .where('email_changes.id', '=', id)
        .where('email_changes.user_id', '=', userId)
        .where(isPending)
        .whereRef('users.id', '=', 'email_changes.user_id')
        .whereRef('users.email', '=', 'email_changes.old_email')
        .where('users.is_active', '=', true)
        .returning(['email_changes.id', 'old_email', 'new_email'])
        .executeTakeFirst(),

    /**
     * Cancels a change and the later ones of its user, and allows no other one for 24 hours, so that somebody who knows the
     * password cannot repeat it before the owner has set a new one. Returns them in their order: none if it was cancelled
     * before or is too old.
     */
    cancel: (userId: string, id: ChangeId) =>
      db
        .with('cancelled', (db) =>
          db
            .updateTable('email_changes')
            .set({ cancelled_at: now, held_until: sql<string>`now() + interval '24 hours'` })
            .where('user_id', '=', userId)
            .where('id', '>=', id)
            .where('cancelled_at', 'is', null)
            .where((eb) =>
              eb.exists(
                eb
                  .selectFrom('email_changes as first')
                  .select('first.id')
                  .where('first.id', '=', id)
                  .where('first.user_id', '=', userId)
                  .where('first.cancelled_at', 'is', null)
                  .where('first.expires_at', '>', now)
              )
            )
            .returning(['id', 'old_email', 'new_email', 'was_verified', 'confirmed_at'])
        )
        .selectFrom('cancelled')
        .selectAll()
        .orderBy('id')
        .execute(),

    /** From now on, the user may change the address again. */
    release: (userId: string) =>
      db
        .updateTable('email_changes')
        .set({ held_until: null })
        .where('user_id', '=', userId)
        .where('held_until', '>', now)
        .execute(),

    removeExpired: () =>
      db.deleteFrom('email_changes').where('expires_at', '<=', sql<string>`now() - interval '1 day'`).execute()
  }
}

export type EmailChangesRepository = ReturnType<typeof emailChangesRepository>
