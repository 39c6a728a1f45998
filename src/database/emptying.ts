/** Runs statements, and returns the rows of the last one. */
export type Run = (statements: string) => Promise<Record<string, unknown>[]>

export interface State {
  /** A description of the schema. */
  schema: string
  /** The greatest identifier that was given to anything. */
  lastOid: number
}

/** Identifiers below are PostgreSQL's own. */
const firstOid = 16_384

/** Whether the roles of a server are of this database only, as in an embedded one. */
const isAlone = `not exists (select from pg_database where datname not in ('postgres', 'template0', 'template1'))`

/**
 * Describes what a database has besides rows: what can change in place, what has no entry in pg_depend, and all else by its
 * entry. On a server also statistics: autovacuum runs there, and changes plans.
 */
const describe = `
  select md5(string_agg(part, ',' order by part)) as schema from (
    select concat_ws(' ', 'relation', oid, relname, relnamespace, relacl) from pg_class where oid >= ${firstOid}
    union all select concat_ws(' ', 'column', attrelid, attname, atttypid, attnotnull) from pg_attribute where attrelid >= ${firstOid}
    union all select concat_ws(' ', 'constraint', oid, conname, convalidated) from pg_constraint where oid >= ${firstOid}
    union all select concat_ws(' ', 'trigger', oid, tgname, tgenabled) from pg_trigger where oid >= ${firstOid}
    union all select concat_ws(' ', 'function', oid, proname, md5(prosrc)) from pg_proc where oid >= ${firstOid}
    union all select concat_ws(' ', 'schema', oid, nspname) from pg_namespace where oid >= ${firstOid}
    union all select concat_ws(' ', 'object', classid, objid, objsubid, refclassid, refobjid) from pg_depend where objid >= ${firstOid}
    union all select concat_ws(' ', 'statistics', oid, reltuples) from pg_class where oid >= ${firstOid} and not ${isAlone}
    union all select distinct concat_ws(' ', 'statistics', starelid) from pg_statistic where starelid >= ${firstOid} and not ${isAlone}
    union all select concat_ws(' ', 'database', datdba, datconnlimit, datacl) from pg_database where datname = current_database()
    union all select concat_ws(' ', 'setting', setrole, setconfig) from pg_db_role_setting
      where setdatabase = (select oid from pg_database where datname = current_database()) or (setdatabase = 0 and ${isAlone})
    union all select concat_ws(' ', 'role', oid, rolname) from pg_authid where ${isAlone}
  ) as parts (part)`

const schemaOf = async (run: Run) => (await run(describe))[0]?.schema as string

export async function stateOf(run: Run): Promise<State> {
  const [row] = await run('select max(oid)::int8::float8 as oid from pg_class')
  return { schema: await schemaOf(run), lastOid: row?.oid as number }
}

/**
 * Drops the tables that were created since, as the migrations of a product do: another database takes longer. Whatever else was
 * changed remains, so the schema differs.
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

/** Removes all rows, and the tables that were created since. Returns false if anything else has changed. */
export async function empty(run: Run, { schema, lastOid }: State): Promise<boolean> {
  if ((await schemaOf(run)) !== schema) {
    await run(dropTablesAfter(lastOid))
    if ((await schemaOf(run)) !== schema) return false
  }
  await run(removeRows)
  return true
}
