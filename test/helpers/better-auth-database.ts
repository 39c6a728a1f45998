import { join } from 'node:path'
import { PGlite } from '@electric-sql/pglite'
import { Kysely, PGliteDialect, PostgresDialect } from 'kysely'
import pg from 'pg'
import type { Test } from 'tap'
import { cloneTemplate } from './template.ts'

/** What the tests touch of Better Auth's own tables. */
interface Tables {
  jwks: { id: string; expiresAt: Date }
}

/**
 * A database for Better Auth servers, on the engine that the tests run on; gone when the test ends. It is a clone of
 * ours, which starts sooner than a new one: theirs have schemas of their own in it.
 */
export async function betterAuthDatabase(t: Test): Promise<Kysely<Tables>> {
  const { settings, remove } = await cloneTemplate()
  const { DATABASE_URL: connectionString, DATA_DIR = '' } = settings
  // Dropping the database ends connections that are about to close anyway.
  const pool = () => new pg.Pool({ connectionString, max: 4 }).on('error', () => {})
  const dialect = connectionString
    ? new PostgresDialect({ pool: async () => pool() })
    : new PGliteDialect({ pglite: new PGlite(join(DATA_DIR, 'database')) })
  const db = new Kysely<Tables>({ dialect })
  t.teardown(async () => {
    await db.destroy()
    await remove()
  })
  return db
}
