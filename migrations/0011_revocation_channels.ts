import { type QueryExecutorProvider, sql } from 'kysely'

const announce = (db: QueryExecutorProvider, channel: ReturnType<typeof sql>) =>
  sql`
    create or replace function announce_revocation() returns trigger language plpgsql as $$
    begin
      perform pg_notify(${channel},
        new.key || ' ' || new.cutoff || ' ' || ceil(extract(epoch from new.expires_at)));
      return null;
    end $$`.execute(db)

/**
 * Notifications reach every schema of a database, and two schemas may trust the same issuer. With one channel per
 * schema, a logout in one does not end the user's tokens in the other. `public` keeps the name that earlier releases
 * listen to.
 */
export async function up(db: QueryExecutorProvider): Promise<void> {
  const suffix = sql`case tg_table_schema when 'public' then '' else '_' || md5(tg_table_schema) end`
  await announce(db, sql`'gatehouse_revocations' || ${suffix}`)
}

export async function down(db: QueryExecutorProvider): Promise<void> {
  await announce(db, sql`'gatehouse_revocations'`)
}
