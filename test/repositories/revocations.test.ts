import t, { test } from 'tap'
import { foreignKey } from '../../src/auth/revocations/revocation-keys.ts'
import { ALWAYS } from '../../src/auth/revocations/revocation-table.ts'
import { type Revocation, revocationsRepository } from '../../src/repositories/revocations.ts'
import { startApp } from '../helpers/app.ts'
import { refreshing, sessionOf } from '../helpers/refreshing.ts'
import { server } from '../helpers/template.ts'
import { until } from '../helpers/wait.ts'

const { app } = await startApp(t)
const { register } = refreshing(app)
const expires = Math.floor(Date.now() / 1000) + 3600
const make = (changes: Partial<Revocation> = {}) => ({
  key: crypto.randomUUID(),
  cutoff: 1_700_000_000,
  expires,
  ...changes
})
const plain = ({ key, cutoff, expires }: Revocation) => ({ key, cutoff, expires })

async function readAll(batch?: number) {
  const batches: Revocation[][] = []
  const horizon = await revocationsRepository(app.db, batch).readAll((rows) => batches.push(rows))
  return { horizon, batches, rows: batches.flat().map(plain) }
}

test('all live revocations are read, in batches', async (t) => {
  const { insert } = revocationsRepository(app.db)
  const made = Array.from({ length: 7 }, () => make())
  for (const row of made) await insert(row)
  await insert(make({ expires: expires - 7200 }))
  for (const [batch, sizes] of [
    [3, [3, 3, 1]],
    [7, [7, 0]],
    [8, [7]]
  ] as const) {
    const { batches, rows } = await readAll(batch)
    t.strictSame(rows, made)
    t.strictSame(
      batches.map(({ length }) => length),
      sizes
    )
  }
  await revocationsRepository(app.db).removeExpired()
  t.strictSame((await readAll()).rows, made)
  t.equal((await app.db.selectFrom('revocations').select('id').execute()).length, 7)
})

test('a read since a horizon returns the rows committed after it, and moves the horizon on', async (t) => {
  const { insert, readSince } = revocationsRepository(app.db)
  await insert(make())
  const { horizon } = await readAll()
  const later = make()
  await insert(later)
  const since = await readSince(horizon)
  t.ok(since.rows.map(plain).some(({ key }) => key === later.key))
  // Older open transactions in any database of the server hold the horizon back.
  await until('the horizon to move on', async () => BigInt((await readSince(horizon)).horizon) > BigInt(horizon))
})

test('a transaction that commits after a later one is not missed', {
  skip: server ? false : 'needs TEST_DATABASE_URL: the embedded database has one connection'
}, async (t) => {
  const { insert, readSince } = revocationsRepository(app.db)
  const [early, late] = [make(), make()]
  const slow = await app.db.startTransaction().execute()
  await revocationsRepository(slow).insert(early)
  await insert(late)
  const keysSince = async (before: string) => {
    const { horizon, rows } = await readSince(before)
    return { horizon, keys: rows.map(({ key }) => key) }
  }
  const all = await readAll()
  t.ok(all.rows.some(({ key }) => key === late.key) && !all.rows.some(({ key }) => key === early.key))
  const between = await keysSince(all.horizon)
  t.notOk(between.keys.includes(early.key))
  await slow.commit().execute()
  t.ok((await keysSince(all.horizon)).keys.includes(early.key))
  t.ok((await keysSince(between.horizon)).keys.includes(early.key), 'nor by who asked meanwhile')
})

test('every end of a session or foreign user leaves a revocation', async (t) => {
  const [ann, bob, eve] = [await register(), await register(), await register()]
  await app.db.deleteFrom('sessions').where('user_id', '=', ann.user.id).execute()
  await app.db.deleteFrom('users').where('id', '=', bob.user.id).execute()
  await app.db.updateTable('users').set({ is_active: false }).where('id', '=', eve.user.id).execute()
  const issuer = 'https://app.example.com'
  for (const subject of ['gone', 'ünactive']) {
    const user = { id: crypto.randomUUID(), issuer, subject, email: 'x@example.com', name: 'x' }
    await app.db
      .insertInto('users')
      .values({ ...user, password_hash: null })
      .execute()
  }
  await app.db.deleteFrom('users').where('subject', '=', 'gone').execute()
  await app.db.updateTable('users').set({ is_active: false }).where('subject', '=', 'ünactive').execute()
  const rows = new Map((await readAll()).rows.map((row) => [row.key, row]))
  for (const { refresh_token } of [ann, bob, eve]) t.match(rows.get(sessionOf(refresh_token)), { cutoff: ALWAYS })
  for (const subject of ['gone', 'ünactive']) {
    const { cutoff = 0, expires = 0 } = rows.get(foreignKey(issuer, subject)) ?? {}
    t.ok(cutoff > 1_700_000_000 && cutoff < ALWAYS && expires - cutoff >= 8 * 24 * 3600, subject)
  }
})
