import { test } from 'tap'
import { databaseUrls } from '../../src/config/database-urls.ts'

const urls = (given: Parameters<typeof databaseUrls>[0]) => {
  const complaints: string[] = []
  return { ...databaseUrls(given, (problem) => complaints.push(problem)), complaints }
}

test('without a pooler one URL serves all purposes', async (t) => {
  const DATABASE_URL = 'postgres://ann@db:5432/tasks'
  const none = { databaseUrl: undefined, directUrl: undefined, replicaUrl: undefined, complaints: [] }
  t.strictSame(urls({ DATABASE_URL }), { ...none, databaseUrl: DATABASE_URL, directUrl: DATABASE_URL })
  t.strictSame(urls({}), none)
})

test("the direct URL is derived from Neon's pooler URL", async (t) => {
  const pooled = 'postgres://ann:pw@ep-cool-sun-123-pooler.eu-central-1.aws.neon.tech/tasks?sslmode=require'
  t.match(urls({ DATABASE_URL: pooled }), {
    databaseUrl: pooled,
    directUrl: 'postgres://ann:pw@ep-cool-sun-123.eu-central-1.aws.neon.tech/tasks?sslmode=require',
    complaints: []
  })
  const DATABASE_DIRECT_URL = 'postgres://ann@elsewhere/tasks'
  t.equal(urls({ DATABASE_URL: pooled, DATABASE_DIRECT_URL }).directUrl, DATABASE_DIRECT_URL)
})

for (const url of [
  'postgres://db:6432/tasks',
  'postgres://aws-0-eu-west-1.pooler.supabase.com:5432/tasks',
  'postgres://db.supabase.co:6543/tasks',
  'postgres://pgbouncer/tasks',
  'postgres://db/tasks?pgbouncer=true'
])
  test(`the direct URL of ${url} must be set`, async (t) => {
    t.match(urls({ DATABASE_URL: url }).complaints, [/^DATABASE_DIRECT_URL: is required/])
    t.strictSame(urls({ DATABASE_URL: url, DATABASE_DIRECT_URL: url }).complaints, [], 'it is no pooler')
  })

test('all contradictions are reported at once', async (t) => {
  t.match(urls({ DATABASE_DIRECT_URL: 'postgres://a/b', DATABASE_REPLICA_URL: 'postgres://c/d' }).complaints, [
    /^DATABASE_DIRECT_URL: requires DATABASE_URL/,
    /^DATABASE_REPLICA_URL: requires DATABASE_URL/
  ])
  const [pooled, direct] = ['postgres://a/b', 'postgres://c/d']
  for (const DATABASE_REPLICA_URL of [pooled, direct])
    t.match(urls({ DATABASE_URL: pooled, DATABASE_DIRECT_URL: direct, DATABASE_REPLICA_URL }).complaints, [
      /^DATABASE_REPLICA_URL: must not be the URL of the primary/
    ])
})
