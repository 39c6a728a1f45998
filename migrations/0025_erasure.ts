import { type Kysely, sql } from 'kysely'

export const accepted = { 'create index': 'the table holds the mails of a day' }

/** Mails to an address that is erased, also those that were dropped (src/repositories/personal-data.ts). */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`create index mails_dropped_by_recipient on mails (recipient) where outcome = 'dropped'`.execute(db)
  await sql`create index sign_ups_by_email on sign_ups (email)`.execute(db)
}

export async function down(db: Kysely<unknown>): Promise<void> {
  for (const index of ['mails_dropped_by_recipient', 'sign_ups_by_email']) await db.schema.dropIndex(index).execute()
}
