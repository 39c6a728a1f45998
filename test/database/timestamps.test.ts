import { sql } from 'kysely'
import t, { test } from 'tap'
import { rfc3339 } from '../../src/database/timestamps.ts'
import { startApp } from '../helpers/app.ts'

const { app } = await startApp(t)

const cases: [string, string][] = [
  ['2026-11-20 20:08:04+00', '2026-11-20T20:08:04.000Z'],
  ['2026-11-20 20:08:04.1+00', '2026-11-20T20:08:04.100Z'],
  ['2026-11-20 20:08:04.12+00', '2026-11-20T20:08:04.120Z'],
  ['2026-11-20 20:08:04.123+00', '2026-11-20T20:08:04.123Z'],
  ['2026-11-20 20:08:04.123999+00', '2026-11-20T20:08:04.123Z'],
  ['2026-11-20 22:08:04.1+02', '2026-11-20T20:08:04.100Z'],
  ['2026-11-21 01:53:04.001+05:45', '2026-11-20T20:08:04.001Z'],
  ['2026-12-31 19:00:00-05', '2027-01-01T00:00:00.000Z'],
  ['2024-02-29 23:59:59.999+00', '2024-02-29T23:59:59.999Z']
]
for (const [text, expected] of cases)
  test(`${text} is converted to ${expected}`, async (t) => {
    t.equal(rfc3339(text), expected)
  })

test('times are converted correctly in any session time zone', async (t) => {
  for (const zone of ['UTC', 'Asia/Kathmandu', 'America/New_York']) {
    const at = await app.db.connection().execute(async (db) => {
      await sql`select set_config('timezone', ${zone}, false)`.execute(db)
      const { rows } = await sql<{ at: string }>`select timestamptz '2026-11-20 20:08:04.120Z' as at`.execute(db)
      await sql`set timezone to 'UTC'`.execute(db)
      return rows[0]?.at
    })
    t.equal(at, '2026-11-20T20:08:04.120Z', zone)
  }
})

test('a time without a zone is UTC, whatever the time zone of process and session', async (t) => {
  const before = process.env.TZ
  t.teardown(() => {
    if (before === undefined) delete process.env.TZ
    else process.env.TZ = before
  })
  for (const zone of ['UTC', 'Asia/Kathmandu', 'America/New_York']) {
    process.env.TZ = zone
    const at = await app.db.connection().execute(async (db) => {
      await sql`select set_config('timezone', ${zone}, false)`.execute(db)
      const { rows } = await sql<{ at: string }>`select timestamp '2026-07-20 20:08:04.12' as at`.execute(db)
      await sql`set timezone to 'UTC'`.execute(db)
      return rows[0]?.at
    })
    t.equal(at, '2026-07-20T20:08:04.120Z', zone)
  }
})
