import t, { test } from 'tap'
import { revocationFeedRepository } from '../../src/repositories/revocation-feed.ts'
import { revocationsRepository } from '../../src/repositories/revocations.ts'
import { startApp } from '../helpers/app.ts'
import { server } from '../helpers/template.ts'

const { app } = await startApp(t)
const feed = revocationFeedRepository(app.db)
const expires = Math.ceil(Date.now() / 1000) + 3600
const revoke = (db = app.db, more = {}) => {
  const key = crypto.randomUUID()
  return revocationsRepository(db)
    .insert({ key, cutoff: 5, expires, ...more })
    .then(() => key)
}
const keysOf = (rows: { key: string }[]) => rows.map(({ key }) => key)

test('a read between two snapshots returns exactly the rows committed between them, in order', async (t) => {
  const empty = await feed.snapshot()
  const [first, second] = [await revoke(), await revoke()]
  const now = await feed.snapshot()
  const rows = await feed.between(undefined, now, '0', 10)
  t.strictSame(keysOf(rows), [first, second])
  t.match(rows[0], { cutoff: 5, expires })
  t.strictSame(keysOf(await feed.between(undefined, now, '0', 1)), [first])
  t.strictSame(keysOf(await feed.between(undefined, now, rows[0]?.id ?? '', 10)), [second])
  t.strictSame(await feed.between(undefined, empty, '0', 10), [])
  t.strictSame(keysOf(await feed.between(empty, now, '0', 10)), [first, second])
  t.strictSame(await feed.between(now, await feed.snapshot(), '0', 10), [])
  await revoke(app.db, { expires: Math.floor(Date.now() / 1000) - 60 })
  t.strictSame(await feed.between(now, await feed.snapshot(), '0', 10), [], 'an expired one')
})

test('a transaction that commits late is not skipped, and nothing is repeated meanwhile', {
  skip: server ? false : 'the embedded database has one connection'
}, async (t) => {
  const start = await feed.snapshot()
  const { promise: held, resolve: commit } = Promise.withResolvers<void>()
  const { promise: begun, resolve: begin } = Promise.withResolvers<string>()
  const late = app.db.transaction().execute(async (trx) => {
    begin(await revoke(trx))
    await held
  })
  const early = await begun
  const other = await revoke()
  const before = await feed.snapshot()
  t.strictSame(keysOf(await feed.between(start, before, '0', 10)), [other])
  t.strictSame(await feed.between(before, await feed.snapshot(), '0', 10), [])
  commit()
  await late
  t.strictSame(keysOf(await feed.between(before, await feed.snapshot(), '0', 10)), [early])
})
