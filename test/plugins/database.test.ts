import fastify from 'fastify'
import { Kysely, PGliteDialect } from 'kysely'
import { test } from 'tap'
import { database } from '../../plugins/database.ts'
import type { Database } from '../../src/database/tables.ts'

test('the database closes with the app, after the last request', async (t) => {
  const db = new Kysely<Database>({
    dialect: new PGliteDialect({ pglite: () => Promise.reject(new Error('is not asked')) })
  })
  const app = fastify()
  const order: string[] = []
  const closing = Object.assign(db, { destroy: async () => void order.push('destroyed') })
  await app.register(database, { db: closing, migrate: async () => [] })
  app.addHook('preClose', async () => void order.push('closing'))
  t.equal(app.db, db)
  await app.close()
  t.strictSame(order, ['closing', 'destroyed'])
})
