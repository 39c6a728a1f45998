import { readFileSync } from 'node:fs'
import type { PGlite } from '@electric-sql/pglite'
import root from 'tap'
import { startEngine } from '../../src/database/embedded.ts'
import { withTimeout } from '../../src/util/with-timeout.ts'
import { image, prepareOnce } from './template.ts'

interface Engine {
  pglite: PGlite
  /** What makes its schema: tables, columns, constraints, triggers and functions. */
  schema: string
  end: () => Promise<void>
}

/** Engines that nobody uses, as the last user left them. To start one takes a second, to empty one 20 ms. */
const idle: Engine[] = []

const schemaOf = async (pglite: PGlite): Promise<string> =>
  (
    await pglite.query<{ schema: string }>(`
      select md5(string_agg(part, ',' order by part)) as schema from (
        select concat_ws(' ', 'relation', oid, relname, relnamespace) from pg_class where oid > 16383
        union all select concat_ws(' ', 'column', attrelid, attname, atttypid, attnotnull) from pg_attribute where attrelid > 16383
        union all select concat_ws(' ', 'constraint', oid, conname, convalidated) from pg_constraint where oid > 16383
        union all select concat_ws(' ', 'trigger', oid, tgname, tgenabled) from pg_trigger where oid > 16383
        union all select concat_ws(' ', 'function', oid, proname, md5(prosrc)) from pg_proc where oid > 16383
        union all select concat_ws(' ', 'schema', oid, nspname) from pg_namespace where oid > 16383
      ) as parts (part)`)
  ).rows[0]?.schema ?? ''

const tablesOf = `select string_agg(quote_ident(tablename), ', ') as tables from pg_tables
  where schemaname = 'public' and tablename not like 'kysely%'`

/** Milliseconds that what a test left running may keep an engine busy. */
const patience = 5_000

/** Whether the engine is as good as new. It is not if a test changed the schema or left a transaction open. */
async function empty({ pglite, schema }: Engine): Promise<boolean> {
  const emptied = async () => {
    await pglite.exec('discard all')
    if ((await schemaOf(pglite)) !== schema) return false
    const { rows } = await pglite.query<{ tables: string }>(tablesOf)
    await pglite.exec(`truncate ${rows[0]?.tables} restart identity`)
    return true
  }
  return withTimeout(patience, emptied()).catch(() => false)
}

async function start(): Promise<Engine> {
  await prepareOnce()
  const pglite = await startEngine({ loadDataDir: new Blob([readFileSync(image)]) })
  // The app that uses it closes it. It goes on until the process ends, which it would keep from ending.
  const close = pglite.close.bind(pglite)
  const end = async () => {
    if (!pglite.closed) await close()
  }
  root.teardown(end)
  pglite.close = async () => {}
  return { pglite, schema: await schemaOf(pglite), end }
}

/**
 * An embedded engine with an empty database of the newest schema, for one user at a time. It is in memory, and the same
 * process lends it again after `giveBack`.
 */
export async function borrowEngine(): Promise<{ pglite: PGlite; giveBack: () => void }> {
  let engine = idle.pop()
  while (engine && !(await empty(engine))) {
    // What a test left running may keep it busy.
    void engine.end().catch(() => {})
    engine = idle.pop()
  }
  const lent = engine ?? (await start())
  return { pglite: lent.pglite, giveBack: () => void idle.push(lent) }
}
