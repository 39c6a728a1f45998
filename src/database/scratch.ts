import { sql } from 'kysely'
import { type Log, openDatabase } from './connection.ts'

/** Creates an empty database on a server. */
export async function createDatabase(server: string, log: Log) {
  const name = `gatehouse_test_${crypto.randomUUID().replaceAll('-', '')}`

  async function execute(statement: (name: string) => ReturnType<typeof sql>): Promise<void> {
    const db = openDatabase({ databaseUrl: server, dataDir: '' }, log)
    await statement(name)
      .execute(db)
      .finally(() => db.destroy())
  }

  await execute((name) => sql`create database ${sql.id(name)}`)
  return {
    settings: { DATABASE_URL: Object.assign(new URL(server), { pathname: `/${name}` }).href },
    remove: () => execute((name) => sql`drop database ${sql.id(name)} with (force)`)
  }
}
