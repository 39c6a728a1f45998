import { test } from 'tap'
import { parsePostgresUrl } from '../../src/config/setting-types.ts'

const refused = [
  'postgres://ann:hush#7@db.example.com/app',
  'postgres://ann:12#hush@db.example.com/app',
  'postgres://ann:hu@sh#7@db.example.com/app',
  'postgres://ann:hu@sh@db.example.com/app',
  'postgres://ann:12/hush@db.example.com/app',
  'postgres://ann:12?hush@db.example.com/app',
  'postgres://ann:50%@db.example.com/app',
  'postgres://db.example.com/app?application_name=hush@home',
  'mysql://ann:hush@db.example.com/app'
]

test('a URL whose password would be parsed as a host is refused, and not repeated', async (t) => {
  for (const url of refused)
    try {
      parsePostgresUrl(url)
      t.fail(url)
    } catch (error) {
      t.match((error as Error).message, /write # as %23, @ as %40/, url)
      t.notMatch((error as Error).message, /hush|50|example/, url)
    }
})

test('an encoded password is accepted, and SSL modes that pg warns about become verify-full', async (t) => {
  const base = 'postgres://ann:h%23u%40s%2Fh%3F%25@db.example.com:5432/app'
  const same = [base, 'postgres:///app?host=/run/postgresql', `${base}?sslmode=no-verify`, `${base}?sslmode=disable`]
  for (const url of [...same, `${base}?uselibpqcompat=true&sslmode=require`]) t.equal(parsePostgresUrl(url), url)
  for (const mode of ['require', 'prefer', 'verify-ca', 'verify-full'])
    t.equal(
      parsePostgresUrl(`${base}?sslmode=${mode}&channel_binding=require`),
      `${base}?sslmode=verify-full&channel_binding=require`
    )
})
