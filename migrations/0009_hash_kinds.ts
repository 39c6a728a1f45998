import { type Kysely, sql } from 'kysely'

export const accepted = { 'create index': 'built by hand before the release; takes about a second for a million users' }

/** Finds the kinds of stored password hashes without reading all users. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createIndex('users_by_hash_kind')
    .ifNotExists()
    .on('users')
    .expression(sql`split_part(password_hash, '$', 3)`)
    .where(sql.ref('password_hash'), 'is not', null)
    .execute()
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await db.schema.dropIndex('users_by_hash_kind').execute()
}
