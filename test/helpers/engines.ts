import { readFileSync } from 'node:fs'
import type { PGlite } from '@electric-sql/pglite'
import root from 'tap'
import { startEngine } from '../../src/database/embedded.ts'
import { withTimeout } from '../../src/util/with-timeout.ts'
import { image, prepareOnce } from './template.ts'

interface Engine {
  pglite: PGlite
  /** A description of its schema: tables, columns, constraints, triggers and functions. */
  schema: string
  /** The greatest identifier that it had given to anything when it was started. */
  lastOid: number
  end: () => Promise<void>
}

/** All engines of this process. They end after every app, because handlers that were added first run last. */
const started: Engine[] = []
root.teardown(() => Promise.all(started.map(({ end }) => end())))

/** Unused engines. Starting one takes a second, emptying one 20 ms. */
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

const lastOidOf = async (pglite: PGlite): Promise<number> =>
  (await pglite.query<{ oid: number }>(`select max(oid)::int8::float8 as oid from pg_class`)).rows[0]?.oid ?? 0

/**
 * Drops the tables that were created since, as the migrations of a product do: to start another engine takes a second of
 * CPU. Whatever else was changed remains, so the schema differs.
 */
const dropTablesAfter = (oid: number) => `
  do $$
    declare
      name regclass;
    begin
      for name in select oid from pg_class
        where relkind = 'r' and relnamespace = 'public'::regnamespace and oid > ${oid}
      loop
        execute format('drop table %s cascade', name);
      end loop;
    end
  $$`

/**
 * Removes all rows. Only tables that have some are touched, because `truncate` gives each table and index a new file, which
 * takes ten times as long. Large ones are truncated, so that later tests do not read past removed rows.
 */
const removeRows = `
  set gatehouse.pruning = on;
  set session_replication_role = replica;
  do $$
    declare
      name regclass;
      has_rows boolean;
    begin
      for name in select oid from pg_class
        where relkind = 'r' and relnamespace = 'public'::regnamespace and relname not like 'kysely%'
      loop
        execute format('select exists (select from %s)', name) into has_rows;
        if not has_rows then continue; end if;
        if pg_relation_size(name) > 256 * 1024 then execute format('truncate %s cascade', name);
        else execute format('delete from %s', name);
        end if;
      end loop;
      perform setval(seqrelid::regclass, seqstart, false) from pg_sequence
        where pg_sequence_last_value(seqrelid) is not null;
    end
  $$;
  reset session_replication_role;
  reset gatehouse.pruning`

/** Milliseconds to wait for an engine that is still busy. */
const patience = 5_000

/** Empties an engine. Returns false if a test changed the schema or left a transaction open. */
async function empty({ pglite, schema, lastOid }: Engine): Promise<boolean> {
  const isUnchanged = async () => (await schemaOf(pglite)) === schema
  const emptied = async () => {
    await pglite.exec('discard all')
    if (!(await isUnchanged())) {
      await pglite.exec(dropTablesAfter(lastOid))
      if (!(await isUnchanged())) return false
    }
    await pglite.exec(removeRows)
    return true
  }
  return withTimeout(patience, emptied()).catch(() => false)
}

async function start(): Promise<Engine> {
  await prepareOnce()
  const pglite = await startEngine({ loadDataDir: new Blob([readFileSync(image)]) })
  // The app closes it, but the engine must stay open until the process ends.
  const close = pglite.close.bind(pglite)
  const end = async () => {
    if (!pglite.closed) await close()
  }
  pglite.close = async () => {}
  const engine = { pglite, schema: await schemaOf(pglite), lastOid: await lastOidOf(pglite), end }
  started.push(engine)
  return engine
}

/** Lends an embedded engine with an empty, migrated database in memory. After `giveBack` the process lends it again. */
export async function borrowEngine(): Promise<{ pglite: PGlite; giveBack: () => void }> {
  let engine = idle.pop()
  while (engine && !(await empty(engine))) {
    // It may still be busy.
    void engine.end().catch(() => {})
    engine = idle.pop()
  }
  const lent = engine ?? (await start())
  return { pglite: lent.pglite, giveBack: () => void idle.push(lent) }
}
