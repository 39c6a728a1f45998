import { type Kysely, sql } from 'kysely'

const [before, after] = ['with: npm run audit -- prune', 'with the command audit prune']

/** Replaces the hint of a refused statement (0024), which a product has no npm script for. The rest of the function stays. */
async function replaceHint(db: Kysely<unknown>, from: string, to: string): Promise<void> {
  const { rows } = await sql<{ text: string }>`
    select pg_get_functiondef('keep_security_events'::regproc) as text`.execute(db)
  await sql.raw(rows.map(({ text }) => text.replace(from, to)).join()).execute(db)
}

export const up = (db: Kysely<unknown>): Promise<void> => replaceHint(db, before, after)

export const down = (db: Kysely<unknown>): Promise<void> => replaceHint(db, after, before)
