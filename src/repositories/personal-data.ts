import { type Kysely, type Selectable, sql, type Transaction } from 'kysely'
import type { Database, UserTable } from '../database/tables.ts'
import { auditEventsRepository } from './audit-events.ts'
import { unlessOperator } from './security-events.ts'

/** A table with rows of users. */
export interface OwnedTable {
  /** The columns that a user gets. Secrets and what is derived of other columns are left out. */
  columns: readonly string[]
  /** The column with the user's id; by default `user_id`. */
  owner?: string
  /** A column that is unique for a user, and its type. */
  by: readonly [column: string, type: 'uuid' | 'text' | 'bytea' | 'bigint']
}

/** The tables with rows of a user, besides events and those of the product. A test compares them with the schema. */
export const sections = {
  sessions: {
    columns: ['id', 'created_at', 'last_used_at', 'expires_at', 'user_agent', 'ip', 'auth_time', 'amr'],
    by: ['id', 'uuid']
  },
  passkeys: {
    columns: [
      ...['id', 'name', 'created_at', 'last_used_at', 'backed_up', 'backup_eligible', 'transports'],
      'credential_id'
    ],
    by: ['id', 'uuid']
  },
  personal_tokens: {
    columns: ['id', 'name', 'scopes', 'created_at', 'expires_at', 'last_used_at'],
    by: ['id', 'uuid']
  },
  totp_factors: { columns: ['expires_at'], by: ['user_id', 'uuid'] },
  recovery_codes: { columns: [], by: ['hash', 'bytea'] },
  login_challenges: { columns: ['tries', 'expires_at'], by: ['hash', 'bytea'] },
  email_changes: {
    columns: [
      ...['old_email', 'new_email', 'was_verified', 'requested_at', 'withdrawn_at', 'confirmed_at', 'cancelled_at'],
      ...['held_until', 'expires_at']
    ],
    by: ['id', 'bigint']
  },
  mails: {
    columns: ['kind', 'recipient', 'language', 'address', 'user_agent', 'created_at', 'done_at', 'outcome', 'error'],
    by: ['id', 'uuid']
  },
  mail_tokens: { columns: ['purpose', 'email', 'tries', 'expires_at', 'used_at'], by: ['hash', 'bytea'] },
  idempotency_keys: { columns: ['key', 'resource_id', 'created_at'], by: ['key', 'text'] }
} as const satisfies Record<string, OwnedTable>

export type SectionName = keyof typeof sections
type Row = Record<string, unknown>
const userColumns = [
  ...(['id', 'issuer', 'subject', 'email', 'email_verified', 'name', 'is_active', 'role'] as const),
  ...(['disabled_at', 'disabled_reason', 'created_at', 'updated_at'] as const)
] as const
export type PersonalUser = Pick<Selectable<UserTable>, (typeof userColumns)[number]> & {
  last_sign_in_at: string | null
}

/** Rows in the first page, and in any. */
const rowsAtFirst = 50
const mostRows = 200
/** Characters in a page, if its rows are about as long as those before. */
const charactersInPage = 256 * 1024

/** An id that no user has. */
export const nobody = '00000000-0000-0000-0000-000000000000'

const lengthOf = (value: unknown) => (typeof value === 'string' ? value.length : 8)
const charactersOf = (rows: Row[]) => rows.flatMap(Object.values).reduce((sum, value) => sum + lengthOf(value), 1)

const clientColumns = ['address', 'user_agent', 'request_id'] as const

/** All SQL on what is stored about a user, whichever table holds it. */
export function personalDataRepository(db: Kysely<Database> | Transaction<Database>) {
  /** Yields pages of the rows of a query that continues after a value. */
  async function* pages<Last>(page: (after: Last | undefined, limit: number) => Promise<(Row & { position: Last })[]>) {
    let after: Last | undefined
    let limit = rowsAtFirst
    let isMore = true
    while (isMore) {
      const found = await page(after, limit)
      after = found.at(-1)?.position
      const rows = found.map(({ position, ...row }) => row)
      yield rows
      isMore = rows.length === limit
      const suitable = Math.ceil((charactersInPage * rows.length) / charactersOf(rows))
      limit = Math.max(1, Math.min(suitable, 2 * limit, mostRows))
    }
  }

  /** Rows of a user after a position, of which null is before none. */
  async function pageOf(
    table: string,
    { columns, by: [column, type], owner = 'user_id' }: OwnedTable,
    { userId, after, limit }: { userId: string; after: string | null | undefined; limit: number }
  ) {
    const order = sql.ref(column)
    const later = after === undefined ? sql`` : sql`and ${order} > ${after}::text::${sql.raw(type)}`
    const selected = sql.join([...columns.map((each) => sql.ref(each)), sql`${order}::text as position`])
    const { rows } = await sql<Row & { position: string }>`select ${selected} from ${sql.table(table)}
      where ${sql.ref(owner)} = ${userId} ${later} order by ${order} limit ${limit}`.execute(db)
    return rows
  }

  return {
    user: (userId: string): Promise<PersonalUser | undefined> =>
      db
        .selectFrom('users')
        .select(userColumns)
        .select(
          sql<string | null>`(select nullif(at, '-infinity') from sign_ins where user_id = users.id)`.as(
            'last_sign_in_at'
          )
        )
        .where('id', '=', userId)
        .executeTakeFirst(),

    rowsOf: (table: string, owned: OwnedTable, userId: string) =>
      pages<string>((after, limit) => pageOf(table, owned, { userId, after, limit })),

    /** Throws the error of PostgreSQL if such a table, its columns or their types do not exist. Reads no row. */
    async check(table: string, owned: OwnedTable): Promise<void> {
      await pageOf(table, owned, { userId: nobody, after: null, limit: 0 })
    },

    /** What happened to the account. */
    events: (userId: string) =>
      pages<{ at: string; id: string }>(async (after, limit) => {
        const rows = await db
          .selectFrom('security_events')
          .select(['id', 'at', 'event', 'times', 'session_id', 'actor', 'reason'])
          .select(clientColumns.map((name) => unlessOperator(name).as(name)))
          .where('user_id', '=', userId)
          .$if(after !== undefined, (query) =>
            query.where((eb) => eb(eb.refTuple('at', 'id'), '>', eb.tuple(String(after?.at), String(after?.id))))
          )
          .orderBy('at')
          .orderBy('id')
          .limit(limit)
          .execute()
        return rows.map((row) => ({ ...row, position: { at: row.at, id: row.id } }))
      }),

    /**
     * Erases what names a user and does not end with the row of the user: mails and tokens for the addresses that are, or were,
     * the user's and nobody else's, and the details of events. Needs the transaction that deletes the user.
     */
    async erase(userId: string): Promise<void> {
      const { rows } = await sql<{ email: string }>`
        with own (email) as (
          select email from users where id = ${userId} and issuer is null
          union select old_email from email_changes where user_id = ${userId} and confirmed_at is not null
        )
        select email from own
        where not exists (select from users where users.email = own.email and users.issuer is null and users.id <> ${userId})`.execute(
        db
      )
      const isOwn = (column: string) =>
        sql<boolean>`${sql.ref(column)} = any(${rows.map(({ email }) => email)}::text[])`
      // Each condition is that of an index.
      for (const operator of ['=', 'is distinct from'] as const) {
        const mails = db
          .selectFrom('mails')
          .select('id')
          .where(isOwn('recipient'))
          .where('outcome', operator, sql.lit('dropped'))
          .orderBy('id')
          .forUpdate()
        await db.deleteFrom('mails').where('id', '=', sql<string>`any(array(${mails}))`).execute()
      }
      await db.deleteFrom('mail_tokens').where('purpose', 'in', ['reset', 'verify']).where(isOwn('subject')).execute()
      await db.deleteFrom('sign_ups').where(isOwn('email')).execute()
      await auditEventsRepository(db).eraseUser(userId)
    }
  }
}
