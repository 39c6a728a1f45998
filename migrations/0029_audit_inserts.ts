import { type Kysely, sql } from 'kysely'

/**
 * Refuses events that are inserted with a place in the chain. Only sealing, an update, gives them one: an inserted event at the
 * next position would stop sealing for ever, and one before the start of the chain would be listed and never verified.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create function refuse_sealed_events() returns trigger language plpgsql as $$
    begin
      raise exception 'security events are inserted without a position and a hash'
        using errcode = 'insufficient_privilege', hint = 'To load a copy of the data, use pg_restore --disable-triggers';
    end $$`.execute(db)
  await sql`create trigger keep_new before insert on security_events for each row
    when (new.position is not null or new.hash is not null) execute function refuse_sealed_events()`.execute(db)
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await sql`drop trigger keep_new on security_events`.execute(db)
  await sql`drop function refuse_sealed_events`.execute(db)
}
