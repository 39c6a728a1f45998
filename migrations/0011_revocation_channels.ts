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
 * One channel per schema, because two may trust the same issuer: a logout in one must not end the user's tokens in the other.
 * `public` keeps the name that earlier releases listen to.
 */
export async function up(db: QueryExecutorProvider): Promise<void> {
  const suffix = sql`case tg_table_schema when 'public' then '' else '_' || md5(tg_table_schema) end`
  await announce(db, sql`'gatehouse_revocations' || ${suffix}`)
}

export async function down(db: QueryExecutorProvider): Promise<void> {
  await announce(db, sql`'gatehouse_revocations'`)
}
