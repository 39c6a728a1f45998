import type { Kysely } from 'kysely'

/** What we read of a Better Auth database. Ids are text, numbers or UUIDs, as it was set up. */
export interface BetterAuthTables {
  user: { id: string | number; name: string | null; email: string; createdAt: string }
  account: { userId: string | number; providerId: string; password: string | null }
}

/** All SQL on a Better Auth database: it is only read. */
export function betterAuthRepository(db: Kysely<BetterAuthTables>) {
  return {
    async count(): Promise<number> {
      const { users } = await db
        .selectFrom('user')
        .select((eb) => eb.fn.countAll<string>().as('users'))
        .executeTakeFirstOrThrow()
      return Number(users)
    },

    /** The next users by id, each with the hash of their password if they have one. */
    page(after: string | number | undefined, limit: number) {
      const users = db
        .selectFrom('user')
        .leftJoin('account', (join) =>
          join.onRef('account.userId', '=', 'user.id').on('account.providerId', '=', 'credential')
        )
        .select(['user.id', 'user.name', 'user.email', 'user.createdAt as created_at', 'account.password'])
        .orderBy('user.id')
        .limit(limit)
      return (after === undefined ? users : users.where('user.id', '>', after)).execute()
    }
  }
}

export type BetterAuthRepository = ReturnType<typeof betterAuthRepository>
