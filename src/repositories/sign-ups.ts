import { type Kysely, sql, type Transaction } from 'kysely'
import type { Database } from '../database/tables.ts'

export interface NewSignUp {
  mail_id: string
  email: string
  name: string
  password_hash: string
}

/** All SQL on accounts that wait for the confirmation of their address. */
export function signUpsRepository(db: Kysely<Database> | Transaction<Database>) {
  return {
    insert: (signUp: NewSignUp) => db.insertInto('sign_ups').values(signUp).execute(),

    /** Removes the sign-up of a mail, and returns it. */
    take: (mailId: string) =>
      db
        .deleteFrom('sign_ups')
        .where('mail_id', '=', mailId)
        .returning(['email', 'name', 'password_hash'])
        .executeTakeFirst(),

    /** A mail may be sent for 24 hours, and its link is valid for 24 hours from then on. */
    removeExpired: () =>
      db.deleteFrom('sign_ups').where('created_at', '<=', sql<string>`now() - interval '2 days'`).execute()
  }
}
