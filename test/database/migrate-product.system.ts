import { join } from 'node:path'
import { type Kysely, sql } from 'kysely'
import { test } from 'tap'
import { openDatabase } from '../../src/database/connection.ts'
import { inspect } from '../../src/database/inspect.ts'
import { listen } from '../../src/database/listener.ts'
import { migrate, migrations, productMigrationsIn } from '../../src/database/migrate.ts'
import { createLog } from '../../src/logging/log.ts'
import { patient } from '../helpers/patient.ts'
import { emptyDatabase, server } from '../helpers/template.ts'
import { until } from '../helpers/wait.ts'

const log = createLog('silent')

const notes = (schema = 'notes') => ({
  getMigrations: async () => ({
    '0001_notes': {
      up: (db: Kysely<unknown>) => db.schema.createTable(schema).addColumn('id', 'uuid').execute(),
      down: (db: Kysely<unknown>) => db.schema.dropTable(schema).execute()
    }
  })
})

test("a product's migrations have their own numbers and table, whichever series grows first", async (t) => {
  const db = openDatabase(await emptyDatabase(t), log)
  const all = await migrations.getMigrations()
  const before = { getMigrations: async () => Object.fromEntries(Object.entries(all).slice(0, 4)) }
  t.strictSame((await migrate(db, log, { own: before, product: notes() })).at(-1), 'product/0001_notes')
  const later = await migrate(db, log, { product: notes() })
  t.strictSame(later, Object.keys(all).slice(4))
  t.strictSame(await migrate(db, log, { product: notes() }), [])
  t.strictSame(await migrate(db, log), [], 'and ours alone')
  await db.destroy()
})

test('a migration of a product may have the name of one of ours', async (t) => {
  const db = openDatabase(await emptyDatabase(t), log)
  const { '0001_notes': migration } = await notes().getMigrations()
  const product = { getMigrations: async () => ({ '0001_users': migration, '0002_more': { up: async () => {} } }) }
  t.strictSame((await migrate(db, log, { product })).slice(-2), ['product/0001_users', 'product/0002_more'])
  t.strictSame(await migrate(db, log, { product }), [])
  const all = await migrations.getMigrations()
  const later = { getMigrations: async () => ({ ...all, '9999_later': { up: async () => {} } }) }
  t.strictSame(await migrate(db, log, { own: later, product }), ['9999_later'], 'ours are added later')
  await t.rejects(migrate(db, log, { own: later, product: notes() }), { message: /corrupted migrations: .*0001_users/ })
  await db.destroy()
})

test("product migrations recorded in Gatehouse's table are moved to the product's", async (t) => {
  const db = openDatabase(await emptyDatabase(t), log)
  const all = await migrations.getMigrations()
  const mine = await notes().getMigrations()
  const mixed = {
    getMigrations: async () => ({
      ...Object.fromEntries(Object.entries(all).slice(0, 6)),
      '0007_notes': mine['0001_notes']
    })
  }
  t.equal((await migrate(db, log, { own: mixed })).at(-1), '0007_notes')
  await t.rejects(migrate(db, log), { message: /0007_notes.*migrations\/product/s })
  const product = { getMigrations: async () => ({ '0007_notes': mine['0001_notes'] }) }
  t.strictSame(await migrate(db, log, { product }), Object.keys(all).slice(6))
  t.strictSame(await migrate(db, log, { product }), [])
  await db.destroy()
})

test("a product's migrations are the files of its folder, if it has one", async (t) => {
  const db = openDatabase(await emptyDatabase(t), log)
  const up = "export const up = (db) => db.schema.createTable('notes').addColumn('id', 'uuid').execute()"
  const folder = t.testdir({ product: { '0001_notes.ts': up } })
  const [there, missing] = ['product', 'none'].map((name) => productMigrationsIn(join(folder, name)))
  t.notMatch(await migrate(db, log, { product: missing }), /product/)
  t.strictSame(await migrate(db, log, { product: there }), ['product/0001_notes'])
  t.strictSame((await sql`select id from notes`.execute(db)).rows, [])
  await db.destroy()
})

test('if no schema of the search_path exists, the error says what to do', async (t) => {
  const db = openDatabase(await emptyDatabase(t), log)
  await db.connection().execute(async (one) => {
    await sql`set search_path to stg2`.execute(one)
    await t.rejects(migrate(one, log), { message: /No schema .* "create schema", .* DATABASE_URL/ })
  })
  await db.destroy()
})

const skip = server ? false : 'needs TEST_DATABASE_URL: the embedded database is one schema of one process'

test('two schemas of one database are migrated and used side by side', { skip }, async (t) => {
  const { databaseUrl = '' } = await emptyDatabase(t)
  const at = (schema: string) => {
    const url = new URL(databaseUrl)
    url.searchParams.set('options', `-c search_path=${schema}`)
    return openDatabase({ databaseUrl: url.href, dataDir: '', ...patient }, log)
  }
  const [first, second, third] = [openDatabase({ databaseUrl, dataDir: '', ...patient }, log), at('stg2'), at('stg3')]
  const all = await migrate(first, log)
  await t.rejects(migrate(second, log), { message: /create schema/ })
  await sql`create schema stg2`.execute(first)
  await sql`create schema stg3`.execute(first)
  t.strictSame(await migrate(second, log), all)
  t.strictSame(await migrate(third, log), all)
  t.strictSame((await inspect(third)).pending, [])
  const { rows } = await sql`select id from stg3.users`.execute(third)
  t.strictSame(rows, [])
  for (const db of [first, second, third]) await db.destroy()
})

test('a revocation in one schema is announced only to processes of that schema', { skip }, async (t) => {
  const { databaseUrl = '' } = await emptyDatabase(t)
  const url = new URL(databaseUrl)
  url.searchParams.set('options', '-c search_path=stg2')
  const places = [databaseUrl, url.href].map((databaseUrl) => ({
    databaseUrl,
    db: openDatabase({ databaseUrl, dataDir: '', ...patient }, log)
  }))
  const [first, second] = places.map(({ db }) => db)
  if (!first || !second) throw new Error('there are two')
  await migrate(first, log)
  await sql`create schema stg2`.execute(first)
  await migrate(second, log)
  const heard = places.map(() => [] as string[])
  const listeners = await Promise.all(
    places.map(async ({ databaseUrl }, place) => {
      const { promise, resolve } = Promise.withResolvers<void>()
      const onMessage = (payload: string) => void heard[place]?.push(payload)
      const listener = listen(databaseUrl, { channel: 'gatehouse_revocations', onMessage, onListening: resolve, log })
      await promise
      return listener
    })
  )
  const announce = (db: typeof first, key: string) =>
    sql`insert into revocations (key, cutoff, expires_at) values (${key}, 1, now() + interval '1 hour')`.execute(db)
  const keys = [crypto.randomUUID(), crypto.randomUUID()] as const
  await announce(second, keys[1])
  await announce(first, keys[0])
  // Notifications arrive in commit order: after this one, all earlier ones have arrived.
  await announce(second, keys[1])
  await until('both schemas to hear of theirs', () => heard[0]?.length === 1 && heard[1]?.length === 2)
  t.match(heard, [[new RegExp(keys[0])], [new RegExp(keys[1]), new RegExp(keys[1])]])
  for (const { stop } of listeners) stop()
  for (const { db } of places) await db.destroy()
})
