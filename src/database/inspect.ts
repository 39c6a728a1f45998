import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { type Kysely, sql } from 'kysely'
import { migratorsOf } from './migrate.ts'
import type { Database } from './tables.ts'

export const databaseExists = ({
  databaseUrl,
  dataDir
}: {
  databaseUrl: string | undefined
  dataDir: string
}): boolean => databaseUrl !== undefined || existsSync(join(dataDir, 'database'))

/** The version of a database, such as `15.4`, and its pending migrations. Read-only. */
export async function inspect(
  db: Kysely<Database>,
  providers: Parameters<typeof migratorsOf>[1] = {}
): Promise<{ version: string; pending: string[] }> {
  const { version } = await db
    .selectNoFrom(sql<string>`current_setting('server_version')`.as('version'))
    .executeTakeFirstOrThrow()
  const { own, product } = await migratorsOf(db, providers)
  const pendingOf = async (migrator: typeof own) =>
    (await migrator.getMigrations()).filter(({ executedAt }) => !executedAt).map(({ name }) => name)
  const further = await pendingOf(product)
  return { version, pending: [...(await pendingOf(own)), ...further.map((name) => `product/${name}`)] }
}
