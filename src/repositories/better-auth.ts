import { type Kysely, sql } from 'kysely'

export interface Layout {
  schema: string
  users: { table: string; columns: Record<UserColumn, string> & Partial<Record<OptionalColumn, string>> }
  accounts: { table: string; columns: Record<AccountColumn, string> }
}

export const userColumns = ['id', 'name', 'email', 'createdAt'] as const
/** Those of a ban belong to its plugin `admin`. */
export const optionalColumns = ['emailVerified', 'banned', 'banExpires'] as const
export const accountColumns = ['userId', 'providerId', 'password'] as const
type UserColumn = (typeof userColumns)[number]
type OptionalColumn = (typeof optionalColumns)[number]
type AccountColumn = (typeof accountColumns)[number]

export interface SourceTable {
  schema: string
  table: string
  columns: string[]
  /** Tables of the same schema that its foreign keys refer to. */
  refers_to: string[]
  in_search_path: boolean
}

/** Ids are text, numbers or UUIDs, depending on the server's configuration. */
export interface SourceUser {
  id: string | number
  name: string | null
  email: string
  email_verified: boolean
  created_at: string
  password: string | null
  /** By now: a ban that has expired is none. */
  is_banned: boolean
}

export async function sourceTables(db: Kysely<unknown>): Promise<SourceTable[]> {
  const { rows } = await sql<SourceTable>`
    select n.nspname as schema, c.relname as table,
      array(select a.attname::text from pg_attribute a
        where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped order by a.attnum) as columns,
      array(select distinct r.relname::text from pg_constraint f join pg_class r on r.oid = f.confrelid
        where f.conrelid = c.oid and f.contype = 'f' and r.relnamespace = c.relnamespace) as refers_to,
      n.nspname = any (current_schemas(false)) as in_search_path
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p', 'v', 'm') and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
      and has_schema_privilege(n.oid, 'usage') and has_table_privilege(c.oid, 'select')
    order by n.nspname, c.relname`.execute(db)
  return rows
}

export function betterAuthRepository(db: Kysely<unknown>, { schema, users, accounts }: Layout) {
  const tableOf = (table: string) => sql.id(schema, table)
  const user = (column: UserColumn) => sql.id('u', users.columns[column])
  const { emailVerified, banned, banExpires } = users.columns
  const isBanned = sql`${banned ? sql`coalesce(${sql.id('u', banned)}::boolean, false)` : sql`false`}
    and ${banExpires ? sql`coalesce(${sql.id('u', banExpires)} > now(), true)` : sql`true`}`
  // By its text, because other adapters store a number or a time.
  const isVerified = emailVerified
    ? sql`coalesce(${sql.id('u', emailVerified)}::text in ('true', '1'), false)`
    : sql`false`
  const account = (column: AccountColumn) => sql.id('a', accounts.columns[column])

  return {
    async count(): Promise<number> {
      const { rows } = await sql<{ users: string }>`select count(*) as users from ${tableOf(users.table)}`.execute(db)
      return Number(rows[0]?.users)
    },

    async page(after: string | number | undefined, limit: number): Promise<SourceUser[]> {
      const { rows } = await sql<SourceUser>`
        select ${user('id')} as id, ${user('name')} as name, ${user('email')} as email, ${isVerified} as email_verified,
          ${user('createdAt')} as created_at, ${account('password')} as password,
          ${isBanned} as is_banned
        from ${tableOf(users.table)} u
        left join ${tableOf(accounts.table)} a on ${account('userId')} = ${user('id')} and ${account('providerId')} = 'credential'
        where ${after === undefined ? sql`true` : sql`${user('id')} > ${after}`}
        order by ${user('id')} limit ${limit}`.execute(db)
      return rows
    }
  }
}

export type BetterAuthRepository = ReturnType<typeof betterAuthRepository>
