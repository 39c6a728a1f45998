import { chmodSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { sql } from 'kysely'
import { test } from 'tap'
import { openDatabase } from '../../src/database/connection.ts'
import { openEmbedded } from '../../src/database/embedded.ts'
import { makeTemplate } from '../../src/database/make-template.ts'
import { migrate } from '../../src/database/migrate.ts'
import { copyTemplate, templatePath } from '../../src/database/template.ts'
import { createLog } from '../../src/logging/log.ts'
import { captureLog } from '../helpers/log.ts'
import '../helpers/without-database.ts'

const log = createLog('silent')

test('a copy of the template is a migrated database that others cannot read', async (t) => {
  const folder = t.testdir()
  const template = join(folder, 'template')
  await makeTemplate(template)
  const { mtimeMs } = statSync(template)
  await makeTemplate(template)
  t.equal(statSync(template).mtimeMs, mtimeMs, 'it is made once')
  t.strictSame(readdirSync(folder), ['template'], 'no draft is left behind')

  const dataDir = join(folder, 'data')
  mkdirSync(join(dataDir, 'database.draft'), { recursive: true })
  writeFileSync(join(dataDir, 'database.draft/of-a-start-that-was-killed'), '')
  t.ok(copyTemplate(join(dataDir, 'database'), template))
  t.strictSame(readdirSync(dataDir), ['database'])
  for (const path of [dataDir, join(dataDir, 'database')]) chmodSync(path, 0o755)

  const db = openDatabase({ databaseUrl: undefined, dataDir }, log)
  t.strictSame(await migrate(db, log), [])
  t.match((await sql`show shared_buffers`.execute(db)).rows, [{ shared_buffers: '32MB' }])
  t.match((await sql`show wal_segment_size`.execute(db)).rows, [{ wal_segment_size: '1MB' }])
  t.strictSame(
    (await sql`select datname from pg_database`.execute(db)).rows,
    [{ datname: 'postgres' }],
    'no spare ones'
  )
  await db.destroy()
  for (const path of [dataDir, join(dataDir, 'database')]) t.equal(statSync(path).mode & 0o777, 0o700, path)
})

test('without a template there is no copy', async (t) => {
  const folder = t.testdir({ empty: {} })
  t.notOk(copyTemplate(join(folder, 'database'), join(folder, 'empty')))
  t.notOk(copyTemplate(join(folder, 'database'), join(folder, 'none')))
  t.strictSame(readdirSync(folder), ['empty'])
  t.match(templatePath(), /node_modules\/\.cache\/gatehouse-database-[0-9a-f]{12}$/)
})

test('without a template the first start creates the database and says that it takes time, a later one does not', async (t) => {
  const dataDir = t.testdir()
  const { log, lines } = captureLog()
  for (const start of ['first', 'later']) {
    const pglite = await openEmbedded(dataDir, log, join(dataDir, 'no template'))
    t.match((await pglite.query('select 1 as one')).rows, [{ one: 1 }], start)
    await pglite.close()
  }
  t.match(lines, [{ msg: /this takes some seconds, once/, directory: join(dataDir, 'database') }])
  t.equal(lines.length, 1)
})

test('a database that cannot be opened releases its directory', async (t) => {
  const dataDir = t.testdir({ database: { PG_VERSION: '9' } })
  for (const attempt of [1, 2]) {
    const db = openDatabase({ databaseUrl: undefined, dataDir }, log)
    await t.rejects(migrate(db, log), { message: /^(?!.*in use)/ }, `attempt ${attempt}`)
    await db.destroy().catch(() => {})
  }
})
