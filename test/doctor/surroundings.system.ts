import { existsSync } from 'node:fs'
import { test } from 'tap'
import { loadConfig } from '../../src/config/config.ts'
import { openDatabase } from '../../src/database/connection.ts'
import { lockDirectory } from '../../src/database/directory-lock.ts'
import { examineSurroundings } from '../../src/doctor/examine.ts'
import { checkSettings, judgeDatabase } from '../../src/doctor/surroundings.ts'
import { createLog } from '../../src/logging/log.ts'
import { publish } from '../helpers/doctor.ts'
import { patient } from '../helpers/patient.ts'
import { cloneTemplate, emptyDatabase } from '../helpers/template.ts'

const strong = 'q9Lw2ZxTr7Vb4NcYk1Hs6Jd3Gf8Ap5Qe'
const read = (settings: Record<string, string>) =>
  loadConfig({ BETTER_AUTH_SECRET: strong, BCRYPT_COST: '10', ...settings })

test('the settings are shown without secrets, with a warning about a guessable secret', (t) => {
  const good = checkSettings(read({ NODE_ENV: 'production' }))
  t.strictSame(good, { ok: true, text: 'Settings: production; versions of the secret: 1; other issuers: 0' })
  const weak = checkSettings(read({ BETTER_AUTH_SECRET: 'better-auth-secret-12345678901234567890' }))
  t.match(weak, { ok: true, text: /not production/, advice: /published or easy to guess/ })
  t.end()
})

test('with a migrated database and reachable issuers nothing is wrong', async (t) => {
  const { settings, remove } = await cloneTemplate()
  t.teardown(remove)
  const url = await publish(t, { keys: [] })
  const [first, database, , issuer] = await examineSurroundings(read({ ...settings, BETTER_AUTH_URL: url }), {})
  t.match([first?.ok, database?.ok, issuer?.ok], [true, true, false])
  t.match(database?.text, /PostgreSQL 1\d\.\d.*; its schema is up to date$/)
})

test('pending migrations are listed, and the database is not changed', async (t) => {
  const { databaseUrl, dataDir } = await emptyDatabase(t)
  const config = read({ DATA_DIR: dataDir, ...(databaseUrl && { DATABASE_URL: databaseUrl }) })
  const [, database] = await examineSurroundings(config, {})
  t.match(database, {
    ok: false,
    text: /these migrations are missing: 0001_users, 0002_tasks/,
    advice: /npm run migrate/
  })
  const db = openDatabase({ ...config, ...patient }, createLog('silent'))
  t.strictSame(await db.introspection.getTables(), [])
  await db.destroy()
})

test('a version of PostgreSQL that is too old is reported', (t) => {
  t.match(judgeDatabase({ version: '13.9', pending: [] }, 'here'), {
    ok: false,
    text: 'Database: here; PostgreSQL 13.9',
    advice: /14/
  })
  t.end()
})

test('an unreachable database is reported without its password', async (t) => {
  const DATABASE_URL = 'postgres://ann:hush-hush@localhost:1/tasks'
  const [, database] = await examineSurroundings(read({ DATABASE_URL }), {})
  t.match(database, { ok: false, text: /postgres:\/\/localhost:1\/tasks; it does not answer: .*ECONNREFUSED/ })
  t.notMatch(database?.text, 'hush-hush')
})

test('an unreachable issuer is reported without the query of its URL', async (t) => {
  const issuer = { issuer: 'id', audience: 'tasks', algorithms: ['ES256'] }
  const TRUSTED_ISSUERS = JSON.stringify([{ ...issuer, jwks_url: 'http://localhost:1/keys?key=hush-hush' }])
  const [, , , keys] = await examineSurroundings(read({ DATA_DIR: t.testdir(), TRUSTED_ISSUERS }), {})
  t.match(keys, { ok: false, text: /no keys from http:\/\/localhost:1\/keys: / })
  t.notMatch(keys?.text, 'hush-hush')
})

test('an embedded database is not created, nor opened while another process holds it', async (t) => {
  const DATA_DIR = t.testdir()
  const [, absent] = await examineSurroundings(read({ DATA_DIR }), {})
  t.match(absent, { ok: undefined, text: /does not exist yet, the first start creates it/ })
  t.notOk(existsSync(`${DATA_DIR}/database`))

  const held = t.testdir({ database: {} })
  const { release } = lockDirectory(held)
  const [, database] = await examineSurroundings(read({ DATA_DIR: held }), {})
  release()
  t.match(database, { ok: undefined, text: `in use by the process with pid ${process.pid}` })
  t.notOk(existsSync(`${held}/database/PG_VERSION`))
})
