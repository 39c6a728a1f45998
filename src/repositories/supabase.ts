import { type Kysely, sql } from 'kysely'
import type { SourceUser } from './better-auth.ts'

/** Reads the users of Supabase Auth (GoTrue), without those that were deleted, are anonymous or have no address. */
export function supabaseRepository(db: Kysely<unknown>) {
  const isUser = sql`u.deleted_at is null and coalesce(u.email, '') <> ''`

  return {
    async count(): Promise<number> {
      const { rows } = await sql<{ users: string }>`select count(*) as users from auth.users u where ${isUser}`.execute(
        db
      )
      return Number(rows[0]?.users)
    },

    async page(after: string | number | undefined, limit: number): Promise<SourceUser[]> {
      const { rows } = await sql<SourceUser>`
        select u.id::text as id, u.email,
          coalesce(u.raw_user_meta_data ->> 'full_name', u.raw_user_meta_data ->> 'name') as name,
          u.email_confirmed_at is not null as email_verified, coalesce(u.created_at, now()) as created_at,
          nullif(u.encrypted_password, '') as password, coalesce(u.banned_until > now(), false) as is_banned
        from auth.users u
        where ${isUser} and ${after === undefined ? sql`true` : sql`u.id > ${after}::uuid`}
        order by u.id limit ${limit}`.execute(db)
      return rows
    }
  }
}
