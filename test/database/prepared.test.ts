import { type Kysely, sql } from 'kysely'
import type { DatabaseError } from 'pg'
import { type Test, test } from 'tap'
import { prepared, sendDirectly, shortcutOf } from '../../src/database/prepared.ts'
import type { Database } from '../../src/database/tables.ts'
import { startApp } from '../helpers/app.ts'

interface Asked {
  name?: string
  text: string
  values: unknown[]
}

/** A database whose pool returns the given answers. */
async function straight(t: Test, answer: (asked: Asked) => unknown[], named = true) {
  const { app } = await startApp(t)
  const asked: Asked[] = []
  const pool = {
    idleCount: 1,
    waitingCount: 0,
    totalCount: 1,
    options: { max: 1 },
    query: async (config: Asked) => {
      asked.push(config)
      try {
        return { rows: answer(config) }
      } catch (error) {
        if (config.name === undefined) throw error
        return { rows: [], error: error as DatabaseError }
      }
    }
  }
  sendDirectly(app.db, pool, named)
  return { db: app.db, asked, pool }
}

let built = 0
const twice = (db: Kysely<Database>) =>
  prepared<{ n: number }, { m: number }>(db, (value) => {
    built += 1
    return db.selectNoFrom(sql<number>`${value('n')}::int * ${2}::int`.as('m'))
  })

test('a query is built once, named by its text, and runs with the values of each run', async (t) => {
  const { db, asked } = await straight(t, ({ values }) => [{ m: values[0] }])
  const run = twice(db)
  built = 0
  t.strictSame([await run({ n: 1 }), await run({ n: 2 })], [[{ m: 1 }], [{ m: 2 }]])
  t.equal(built, 1)
  t.strictSame(
    asked.map(({ values }) => values),
    [
      [1, 2],
      [2, 2]
    ]
  )
  t.match(asked[0], { name: /^[0-9a-f]{40}$/, text: 'select $1::int * $2::int as "m"' })
  t.equal(asked[1]?.name, asked[0]?.name)
  const another = prepared<{ n: number }, object>(db, (value) => db.selectNoFrom(sql`${value('n')}::int`.as('m')))
  await another({ n: 1 })
  t.not(asked[2]?.name, asked[0]?.name)
})

test('after a pooler mixes up statements, queries are sent without names', async (t) => {
  for (const code of ['26000', '42P05']) {
    const { db, asked } = await straight(t, ({ name }) => {
      if (name !== undefined) throw Object.assign(new Error('no such statement'), { code })
      return [{ m: 4 }]
    })
    const run = twice(db)
    t.strictSame([await run({ n: 2 }), await run({ n: 2 })], [[{ m: 4 }], [{ m: 4 }]])
    t.strictSame(
      asked.map(({ name }) => name !== undefined),
      [true, false, false]
    )
  }
})

test('a statement that a migration has outdated runs once without a name', async (t) => {
  let outdated = true
  const { db, asked } = await straight(t, ({ name }) => {
    if (outdated && name !== undefined) throw Object.assign(new Error('cached plan'), { code: '0A000' })
    return [{ m: 4 }]
  })
  const run = twice(db)
  t.strictSame(await run({ n: 2 }), [{ m: 4 }])
  outdated = false
  t.strictSame(await run({ n: 2 }), [{ m: 4 }])
  t.strictSame(
    asked.map(({ name }) => name !== undefined),
    [true, false, true]
  )
})

test('behind a pooler no names are used; other errors are reported', async (t) => {
  const broken = Object.assign(new Error('broken'), { code: '42P01' })
  for (const named of [true, false]) {
    const { db, asked } = await straight(
      t,
      () => {
        throw broken
      },
      named
    )
    await t.rejects(twice(db)({ n: 1 }), broken)
    t.equal(asked.length, 1)
    t.equal(asked[0] && 'name' in asked[0], named)
  }
  const { db } = await straight(t, () => {
    throw new Error('no code')
  })
  await t.rejects(twice(db)({ n: 1 }))
})

test('in a transaction, and when no connection is free, it runs through Kysely', async (t) => {
  const { db, asked, pool } = await straight(t, () => [])
  t.ok(shortcutOf(db))
  pool.idleCount = 0
  t.strictSame(await twice(db)({ n: 21 }), [{ m: 42 }])
  pool.idleCount = 1
  await db.transaction().execute(async (trx) => t.strictSame(await twice(trx)({ n: 4 }), [{ m: 8 }]))
  t.equal(asked.length, 0)
})
