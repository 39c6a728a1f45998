// For files whose tests use no database: in CI they run once, and not again with PostgreSQL.
import t from 'tap'

if (process.env.CI && process.env.TEST_DATABASE_URL) {
  t.plan(0, 'uses no database, and has run before')
  process.exit()
}
