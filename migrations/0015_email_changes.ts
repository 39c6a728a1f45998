import { type Kysely, sql } from 'kysely'

/**
 * Changes of addresses. The old address of a confirmed change is reserved for its user while the change can be undone. A
 * trigger checks it after the unique index has waited for a concurrent change, so that no code path can forget it.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('email_changes')
    // In the order of the requests of a user, whichever process serves them.
    .addColumn('id', 'bigint', (column) => column.primaryKey().generatedAlwaysAsIdentity())
    .addColumn('user_id', 'uuid', (column) => column.notNull())
    .addColumn('old_email', 'text', (column) => column.notNull())
    .addColumn('new_email', 'text', (column) => column.notNull())
    // Whether the old address was verified when the new one replaced it.
    .addColumn('was_verified', 'boolean')
    .addColumn('requested_at', 'timestamptz', (column) => column.notNull().defaultTo(sql`now()`))
    // When a newer request or a change of the password took the place of one that was not confirmed.
    .addColumn('withdrawn_at', 'timestamptz')
    .addColumn('confirmed_at', 'timestamptz')
    .addColumn('cancelled_at', 'timestamptz')
    // Of a cancelled one: until then the user cannot change the address again.
    .addColumn('held_until', 'timestamptz')
    // Until then it can be cancelled or undone.
    .addColumn('expires_at', 'timestamptz', (column) => column.notNull())
    .addForeignKeyConstraint('email_changes_user', ['user_id'], 'users', ['id'], (key) => key.onDelete('cascade'))
    .execute()
  await db.schema.createIndex('email_changes_by_user').on('email_changes').columns(['user_id', 'id']).execute()
  await db.schema.createIndex('email_changes_by_expiry').on('email_changes').column('expires_at').execute()
  await sql`create index email_changes_reserved on email_changes (old_email)
    where confirmed_at is not null and cancelled_at is null`.execute(db)

  // The change that a mail is about.
  await db.schema.alterTable('mails').addColumn('change_id', 'bigint').execute()

  await sql`
    create function check_reserved_email() returns trigger language plpgsql set search_path from current as $$
    begin
      if exists (
        select from email_changes
        where old_email = new.email and user_id <> new.id and confirmed_at is not null and cancelled_at is null
          and expires_at > now() - interval '1 minute'
      ) then
        raise exception 'the address of user % is reserved', new.id
          using errcode = 'unique_violation', constraint = 'users_email';
      end if;
      return null;
    end $$`.execute(db)
  await sql`
    create trigger check_reserved after insert or update of email on users for each row
    when (new.issuer is null) execute function check_reserved_email()`.execute(db)
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await sql`drop trigger check_reserved on users`.execute(db)
  await sql`drop function check_reserved_email`.execute(db)
  await db.schema.alterTable('mails').dropColumn('change_id').execute()
  await db.schema.dropTable('email_changes').execute()
}
