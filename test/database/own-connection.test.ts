import { Kysely, PGliteDialect, sql } from 'kysely'
import { test } from 'tap'
import { openOwnConnection } from '../../src/database/own-connection.ts'
import { forPooled, forRequests, settingStatements } from '../../src/database/session-settings.ts'
import type { Database } from '../../src/database/tables.ts'
import { captureLog } from '../helpers/log.ts'
import { listenableServer } from '../helpers/postgres.ts'

const { log } = captureLog()
const shared = new Kysely<Database>({
  dialect: new PGliteDialect({ pglite: () => Promise.reject(new Error('not to be used')) })
})

const cases = {
  'straight to PostgreSQL the own connection has every timeout': { directUrl: undefined, session: forRequests },
  'through a pooler the own connection sets only what the pooler keeps apart': {
    directUrl: 'postgres://db/tasks',
    session: forPooled
  }
}
for (const [name, { directUrl, session }] of Object.entries(cases))
  test(name, async (t) => {
    const { url, queries, sockets } = await listenableServer(t)
    const own = openOwnConnection({ databaseUrl: url, directUrl, dataDir: '' }, shared, log)
    await Promise.all([sql`select 1`.execute(own), sql`select 2`.execute(own)])
    t.strictSame(queries, [settingStatements(session), 'select 1', 'select 2'])
    t.equal(sockets.length, 1, 'it is one connection')
    await own.destroy()
  })

test('with the embedded database the own connection is the only one', async (t) => {
  t.equal(openOwnConnection({ databaseUrl: undefined, dataDir: '' }, shared, log), shared)
})
