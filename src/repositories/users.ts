import { type Kysely, sql, type Transaction } from 'kysely'
import type { ProfilePatch, User } from '../../schemas/users.ts'
import { prepared } from '../database/prepared.ts'
import type { Database } from '../database/tables.ts'
import { newId } from '../util/ids.ts'
import { reservations } from './email-changes.ts'

/** The columns that may be returned: never the hash. */
export const columns = [
  'id',
  'email',
  'email_verified',
  'name',
  'is_active',
  'role',
  'created_at',
  'updated_at'
] as const

export interface ImportedUser {
  id: string
  email: string
  email_verified?: boolean
  name: string
  password_hash: string
  is_active: boolean
  created_at: string
}

interface ForeignUser {
  issuer: string
  subject: string
  email: string
  email_verified?: boolean | undefined
  name: string | undefined
}

interface NewRow {
  email: string
  name: string
  password_hash: string
  email_verified?: boolean
}

// Later than the previous change even within a millisecond.
const later = sql<string>`greatest(now(), users.updated_at + interval '1 millisecond')`

export function usersRepository(db: Kysely<Database> | Transaction<Database>) {
  const findByEmails = prepared<{ emails: string }, { email: string; id: string; is_active: boolean }>(db, (value) =>
    db
      .selectFrom('users')
      .select(['email', 'id', 'is_active'])
      .where('email', '=', sql<string>`any(array(select json_array_elements_text(${value('emails')}::text::json)))`)
      .where('issuer', 'is', null)
  )

  return {
    /** Inserts a user who registers here. Returns undefined if the address is taken, or reserved for its last owner. */
    insert: ({ email, name, password_hash, email_verified = false }: NewRow): Promise<User | undefined> =>
      db
        .insertInto('users')
        .columns(['id', 'email', 'name', 'password_hash', 'email_verified'])
        .expression(
          db
            .selectNoFrom([
              sql<string>`${newId()}::uuid`.as('id'),
              sql<string>`${email}::text`.as('email'),
              sql<string>`${name}::text`.as('name'),
              sql<string>`${password_hash}::text`.as('password_hash'),
              sql<boolean>`${email_verified}::boolean`.as('email_verified')
            ])
            .where((eb) => eb.not(eb.exists(reservations(db, [email]))))
        )
        .onConflict((conflict) => conflict.column('email').where('issuer', 'is', null).doNothing())
        .returning(columns)
        .executeTakeFirst(),

    /** Inserts users of another system without overwriting any. */
    async importAll(rows: ImportedUser[]) {
      if (rows.length === 0) return { inserted: new Set<string>(), existing: new Set<string>() }
      const emails = rows.map(({ email }) => email)
      const reserved = new Set((await reservations(db, emails).execute()).map(({ old_email }) => old_email))
      const free = rows.filter(({ email }) => !reserved.has(email))
      const insert = () =>
        db
          .insertInto('users')
          .values(free)
          .onConflict((conflict) => conflict.doNothing())
          .returning('id')
          .execute()
      const inserted = free.length > 0 ? await insert() : []
      const ids = rows.map(({ id }) => id)
      const existing = await db.selectFrom('users').select('id').where('id', 'in', ids).execute()
      return { inserted: new Set(inserted.map(({ id }) => id)), existing: new Set(existing.map(({ id }) => id)) }
    },

    /** Inserts or updates another issuer's user in one statement. Returns undefined when the account is deactivated. */
    keepForeign({ name, email_verified, ...user }: ForeignUser) {
      // A token that does not say it leaves the address as it is, unless it names another one.
      const verified = email_verified ?? sql<boolean>`(users.email_verified and users.email = excluded.email)`
      const shown = sql`(excluded.email, ${name ?? sql.ref('users.name')}, ${verified})`
      return db
        .insertInto('users')
        .values({ id: newId(), name: name ?? user.email, email_verified: email_verified ?? false, ...user })
        .onConflict((conflict) =>
          conflict
            .columns(['issuer', 'subject'])
            .doUpdateSet({
              email: user.email,
              ...(name && { name }),
              email_verified: verified,
              updated_at: sql<string>`case when (users.email, users.name, users.email_verified) = ${shown}
                then users.updated_at else ${later} end`
            })
            .where('users.is_active', '=', true)
        )
        .returning(['id', sql<boolean>`xmax = 0`.as('is_new')])
        .executeTakeFirst()
    },

    findForeign: (issuer: string, subject: string) =>
      db
        .selectFrom('users')
        .select(['id', 'is_active'])
        .where('issuer', '=', issuer)
        .where('subject', '=', subject)
        .executeTakeFirst(),

    /** Users who registered here, by id, with their hashes: for those who leave. */
    exportPage: (after: string | undefined, limit: number) =>
      db
        .selectFrom('users')
        .select(['id', 'email', 'email_verified', 'name', 'is_active', 'created_at'])
        // The table has no user of ours without one.
        .select(sql<string>`password_hash`.as('password_hash'))
        .where('issuer', 'is', null)
        .$if(after !== undefined, (query) => query.where('id', '>', after as string))
        .orderBy('id')
        .limit(limit)
        .execute(),

    find: (id: string): Promise<User | undefined> =>
      db.selectFrom('users').select(columns).where('id', '=', id).executeTakeFirst(),

    // A row of the same shape even if there is no user, so that the time reveals nothing.
    async findLogin(email: string) {
      const { id, password_hash, is_active } = await db
        .selectFrom(sql`(values (1))`.as('always'))
        .leftJoin('users', (join) => join.on('email', '=', email).on('issuer', 'is', null))
        .select(['users.id', 'users.password_hash', 'users.is_active'])
        .executeTakeFirstOrThrow()
      return id === null || password_hash === null ? undefined : { id, password_hash, is_active: is_active === true }
    },

    /** Locks the user if the verified hash is still current: a login during a password change must not leave a session behind. */
    holdLogin: (id: string, passwordHash: string): Promise<User | undefined> =>
      db
        .selectFrom('users')
        .select(columns)
        .where('id', '=', id)
        .where('password_hash', '=', passwordHash)
        .where('is_active', '=', true)
        .forShare()
        .executeTakeFirst(),

    findSecret: (id: string) =>
      db
        .selectFrom('users')
        .select(['email', 'password_hash'])
        .where('id', '=', id)
        .where('password_hash', 'is not', null)
        .$narrowType<{ password_hash: string }>()
        .executeTakeFirst(),

    /** Finds the user who registered here with an address, active or not. */
    findByEmail: (email: string) =>
      db
        .selectFrom('users')
        .select(['id', 'is_active'])
        .where('email', '=', email)
        .where('issuer', 'is', null)
        .executeTakeFirst(),

    /** The same for several addresses, in their order. */
    async findByEmails(emails: string[]): Promise<({ id: string; is_active: boolean } | undefined)[]> {
      const found = await findByEmails({ emails: JSON.stringify(emails) })
      const users = new Map(found.map((user) => [user.email, user]))
      return emails.map((email) => users.get(email))
    },

    /** Whether somebody else registered with an address, or it is reserved for somebody else. */
    async isTaken(email: string, userId: string | null = null): Promise<boolean> {
      const owners = db
        .selectFrom('users')
        .select('email')
        .where('email', '=', email)
        .where('issuer', 'is', null)
        .where('id', 'is distinct from', userId)
      const reserved = reservations(db, [email])
        .where('user_id', 'is distinct from', userId)
        .clearSelect()
        .select('old_email as email')
      return (await owners.unionAll(reserved).limit(1).execute()).length > 0
    },

    /** Marks an address as proved, if the active user still has it. Returns undefined otherwise. */
    verifyEmail: (id: string, email: string) =>
      db
        .updateTable('users')
        .set({ email_verified: true, updated_at: later })
        .where('id', '=', id)
        .where('email', '=', email)
        .where('issuer', 'is', null)
        .where('is_active', '=', true)
        .returning('id')
        .executeTakeFirst(),

    /**
     * Sets a password without the old one, if the active user still has this address, whose mailbox proved it. Returns
     * undefined otherwise.
     */
    resetPassword: (id: string, email: string, hash: string) =>
      db
        .updateTable('users')
        .set({
          password_hash: hash,
          email_verified: true,
          updated_at: sql<string>`case when users.email_verified then users.updated_at else ${later} end`
        })
        .where('id', '=', id)
        .where('email', '=', email)
        .where('issuer', 'is', null)
        .where('is_active', '=', true)
        .returning('id')
        .executeTakeFirst(),

    /**
     * Replaces the address of an active user, whose mailbox proved the new one. Returns undefined if the new one is
     * reserved for somebody else; fails if it is taken.
     */
    changeEmail: (id: string, before: string, email: string) =>
      db
        .updateTable('users')
        .set({ email, email_verified: true, updated_at: later })
        .where('id', '=', id)
        .where('email', '=', before)
        .where('issuer', 'is', null)
        .where('is_active', '=', true)
        .where((eb) => eb.not(eb.exists(reservations(db, [email]).where('user_id', '!=', id))))
        .returning('id')
        .executeTakeFirst(),

    /** Gives an active user an address back, which was reserved. */
    restoreEmail: (id: string, email: string, email_verified: boolean) =>
      db
        .updateTable('users')
        .set({ email, email_verified, updated_at: later })
        .where('id', '=', id)
        .where('issuer', 'is', null)
        .where('is_active', '=', true)
        .execute(),

    update: (id: string, patch: ProfilePatch): Promise<User | undefined> =>
      db
        .updateTable('users')
        .set({ ...patch, updated_at: later })
        .where('id', '=', id)
        .returning(columns)
        .executeTakeFirst(),

    /** Locks an active user until the transaction ends. Opening or ending sessions of this user waits. */
    hold: (id: string): Promise<User | undefined> =>
      db
        .selectFrom('users')
        .select(columns)
        .where('id', '=', id)
        .where('is_active', '=', true)
        .forNoKeyUpdate()
        .executeTakeFirst(),

    replaceHash: (id: string, before: string, after: string): Promise<User | undefined> =>
      db
        .updateTable('users')
        .set({ password_hash: after })
        .where('id', '=', id)
        .where('password_hash', '=', before)
        .where('is_active', '=', true)
        .returning(columns)
        .executeTakeFirst(),

    /** Locks a user, active or not, until the transaction ends. */
    holdAny: (id: string) =>
      db
        .selectFrom('users')
        .select([...columns, 'issuer', 'subject'])
        .where('id', '=', id)
        .forNoKeyUpdate()
        .executeTakeFirst(),

    /** Waits until no other transaction takes an admin away. Call it after the user is locked, and lock nothing else after it. */
    holdAdmins: () => sql`select pg_advisory_xact_lock(hashtext('gatehouse admins'))`.execute(db),

    /** Whether somebody else is an active admin. */
    async hasOtherAdmin(id: string): Promise<boolean> {
      const found = await db
        .selectFrom('users')
        .select('id')
        .where('role', '=', 'admin')
        .where('is_active', '=', true)
        .where('id', '!=', id)
        .limit(1)
        .execute()
      return found.length > 0
    },

    /** Disables a user, or changes the reason. A trigger ends all sessions. */
    disable: (id: string, disabled_reason: string) =>
      db
        .updateTable('users')
        .set({ is_active: false, disabled_at: sql<string>`now()`, disabled_reason, updated_at: later })
        .where('id', '=', id)
        .execute(),

    enable: (id: string) =>
      db
        .updateTable('users')
        .set({ is_active: true, disabled_at: null, disabled_reason: null, updated_at: later })
        .where('id', '=', id)
        .execute(),

    /** A trigger ends all sessions if the role changes. */
    setRole: (id: string, role: 'user' | 'admin') =>
      db.updateTable('users').set({ role, updated_at: later }).where('id', '=', id).execute(),

    /** Blocks new references to the user. Adding a task locks the user first and the usage row second. */
    lock: (id: string) => db.selectFrom('users').select('id').where('id', '=', id).forUpdate().execute(),

    async remove(id: string): Promise<boolean> {
      const { numDeletedRows } = await db.deleteFrom('users').where('id', '=', id).executeTakeFirst()
      return numDeletedRows > 0n
    }
  }
}

export type UsersRepository = ReturnType<typeof usersRepository>
