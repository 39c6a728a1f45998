import { join } from 'node:path'
import { PGlite } from '@electric-sql/pglite'
import { Kysely, PGliteDialect, PostgresDialect } from 'kysely'
import pg from 'pg'
import type { Test } from 'tap'
import { cloneTemplate } from './template.ts'

/** The columns of Better Auth's tables that the tests use. */
interface Tables {
  jwks: { id: string; expiresAt: Date }
}

/**
 * A database for Better Auth servers until the test ends, on the tested engine. It is a clone of ours, which is faster
 * to create; each server has its own schema in it.
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
