import { test } from 'tap'
import { run } from '../helpers/process.ts'
import '../helpers/without-database.ts'

test('a start that is stopped while it waits for the database is not an error', async (t) => {
  const DATABASE_URL = 'postgres://ann@localhost:1/tasks'
  const server = run(t, 'src/start.js', { DATABASE_URL, DATA_DIR: t.testdir() })
  await server.says(/waiting for the database/)
  server.kill('SIGTERM')
  t.match(await server.ended, { code: 0, stderr: '' })
})

const refusals: [string, Record<string, string>, RegExp][] = [
  [
    'settings are wrong',
    { PORT: 'x', BCRYPT_COST: '99' },
    /The settings are wrong:\n {2}- .*PORT.*\n {2}- .*BCRYPT_COST.*\n$|BCRYPT_COST.*\n.*PORT/
  ],
  [
    'the database does not answer',
    { DATABASE_URL: 'postgres://ann:hush-hush@localhost:1/tasks', DATABASE_WAIT: '1s' },
    /The database does not answer: .*ECONNREFUSED/
  ],
  ['a production has no secret', { NODE_ENV: 'production' }, /BETTER_AUTH_SECRET: is required/],
  ['the address is not ours', { HOST: '192.0.2.1' }, /192\.0\.2\.1 is not an address of this machine/]
]
for (const [when, settings, message] of refusals)
  test(`when ${when}, nothing starts and one message says why`, async (t) => {
    const { code, stdout, stderr } = await run(t, 'src/server.ts', { DATA_DIR: t.testdir(), ...settings }).ended
    t.equal(code, 1)
    t.match(stderr, message)
    t.match(stderr, /^Gatehouse did not start\. /)
    t.notMatch(stderr + stdout, / {4}at .*:\d+|hush-hush/)
  })

test('a port that is taken while the database opens is reported like one taken before', async (t) => {
  const { code, stdout, stderr } = await run(t, 'test/helpers/late-port.ts', { DATA_DIR: t.testdir() }).ended
  t.strictSame([code, stdout], [1, ''])
  t.match(
    stderr,
    /^(\d+): Port \1 on 127\.0\.0\.1 is taken: stop the program that listens there, or set PORT to another one\.\n$/
  )
})

test('the help names the commands, and start is one', async (t) => {
  const help = await run(t, 'src/start.js', {}, ['--help']).ended
  t.match(help, { code: 0, stdout: /^Usage: .*\nstart .*\nmigrate /s })
  for (const name of ['constructor', '__proto__'])
    t.match(await run(t, 'src/start.js', {}, [name]).ended, { code: 1, stderr: /^Gatehouse did not start\. / }, name)
  const wrong = await run(t, 'src/start.js', { WORKERS: 'many' }, ['start']).ended
  t.match(wrong, { code: 1, stderr: /^Gatehouse did not start\. .*WORKERS/s })
})
