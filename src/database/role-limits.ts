import { type Kysely, sql } from 'kysely'
import { limits } from './session-settings.ts'
import type { Database } from './tables.ts'

interface Log {
  info: (details: object, message: string) => void
  warn: (details: object, message: string) => void
}

const quoted = (name: string) => `"${name.replaceAll('"', '""')}"`

/**
 * Behind a pooler of transactions a SET is lost, or left to whoever comes next, and SET LOCAL takes three more round
 * trips a query. So the limits stand at the role, in this database alone, where the server itself sets them on each
 * connection that the pooler opens, at no cost. What an operator has set there stays. Where the role may not be altered,
 * the log says what to do.
 */
export async function keepLimitsAtRole(db: Kysely<Database>, direct: Kysely<Database>, log: Log): Promise<void> {
  const { role, database } = await db
    .selectNoFrom([sql<string>`current_user`.as('role'), sql<string>`current_database()`.as('database')])
    .executeTakeFirstOrThrow()
  const statement = (name: string) =>
    `alter role ${quoted(role)} in database ${quoted(database)} set ${name} = '${limits[name]}'`
  let lacking: string[] = []
  try {
    await direct.transaction().execute(async (trx) => {
      // Two processes that start at once would collide in the catalogue.
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
      log.info({ role, database, limits: lacking }, 'limits set at the role; a pooler that is running needs RECONNECT')
  } catch (err) {
    log.warn({ err, statements: lacking.map(statement) }, 'no limits behind the pooler: run these statements yourself')
  }
}
