import { test } from 'tap'
import { run } from '../helpers/process.ts'
import { emptyDatabase } from '../helpers/template.ts'

test('npm run migrate brings an empty database to the newest schema, and a second run changes nothing', async (t) => {
  const { databaseUrl, dataDir } = await emptyDatabase(t)
  const settings = { DATA_DIR: dataDir, ...(databaseUrl && { DATABASE_URL: databaseUrl }) }
  const first = await run(t, 'src/commands/migrate.ts', settings).ended
  t.match(first, { code: 0, stdout: 'Applied: 0001_users, 0002_tasks', stderr: '' })
  const second = await run(t, 'src/commands/migrate.ts', settings).ended
  t.match(second, { code: 0, stdout: 'The schema is up to date\n', stderr: '' })
})

test('an unreachable database is reported in one line', async (t) => {
  const DATABASE_URL = 'postgres://ann:hush-hush@localhost:1/tasks'
  const settings = { DATABASE_URL, DATABASE_WAIT: '1s', DATA_DIR: t.testdir() }
  const { code, stdout, stderr } = await run(t, 'src/commands/migrate.ts', settings).ended
  t.equal(code, 1)
  t.match(stderr, /^Not migrated: The database does not answer: .*ECONNREFUSED.*\n$/)
  t.notMatch(stdout + stderr, 'hush-hush')
})
