import { type Kysely, sql } from 'kysely'
import { escapeIdentifier } from 'pg'
import { limits } from './session-settings.ts'
import type { Database } from './tables.ts'

interface Log {
  info: (details: object, message: string) => void
  warn: (details: object, message: string) => void
}

/** Sets timeouts on the role: behind a pooler, SET is lost or affects another client, and SET LOCAL takes three round trips. */
export async function setRoleLimits(db: Kysely<Database>, direct: Kysely<Database>, log: Log): Promise<void> {
  const { role, database } = await db
    .selectNoFrom([sql<string>`current_user`.as('role'), sql<string>`current_database()`.as('database')])
    .executeTakeFirstOrThrow()
  const statement = (name: string) =>
    `alter role ${escapeIdentifier(role)} in database ${escapeIdentifier(database)} set ${name} = '${limits[name]}'`
  let lacking: string[] = []
  try {
    await direct.transaction().execute(async (trx) => {
      // Concurrent changes of the role fail in the catalogue.
      await sql`select pg_advisory_xact_lock(hashtext('gatehouse limits'))`.execute(trx)
      const { rows } = await sql<{ name: string }>`
        select split_part(setting, '=', 1) as name
        from pg_db_role_setting, unnest(setconfig) as setting
        where setrole in (0, (select oid from pg_roles where rolname = ${role}))
          and setdatabase in (0, (select oid from pg_database where datname = ${database}))`.execute(trx)
      const present = new Set(rows.map(({ name }) => name.toLowerCase()))
      lacking = Object.keys(limits).filter((name) => !present.has(name))
      for (const name of lacking) await sql.raw(statement(name)).execute(trx)
    })
    if (lacking.length > 0)
      log.info({ role, database, limits: lacking }, 'set the timeouts of the role; a running pooler needs RECONNECT')
  } catch (err) {
    log.warn(
      { err, statements: lacking.map(statement) },
      'could not set timeouts behind the pooler: run these statements by hand'
    )
  }
}
