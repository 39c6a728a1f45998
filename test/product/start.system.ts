import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'tap'
import { run, serve } from '../helpers/process.ts'
import { emptyDatabase } from '../helpers/template.ts'
import { until } from '../helpers/wait.ts'

const program = 'test/product/notes/server.ts'

test('the program of a product migrates, writes its contract, serves, and carries out commands', async (t) => {
  const { databaseUrl, dataDir } = await emptyDatabase(t)
  const settings = { DATA_DIR: dataDir || t.testdir(), ...(databaseUrl && { DATABASE_URL: databaseUrl }) }
  t.match(await run(t, program, settings, ['migrate']).ended, {
    code: 0,
    stdout: /^Applied: 0001_users.*, product\/0001_notes\n$/,
    stderr: ''
  })
  t.match(await run(t, program, settings, ['migrate']).ended, { code: 0, stdout: 'The schema is up to date\n' })

  const file = join(t.testdir({ contract: {} }), 'contract', 'openapi.yaml')
  t.match(await run(t, program, settings, ['openapi', file]).ended, { code: 0, stderr: '' })
  t.match(await run(t, program, settings, ['openapi', '--check', file]).ended, {
    code: 0,
    stdout: 'openapi.yaml matches the schemas\n'
  })
  rmSync(file)

  const { url, kill, ended } = await serve(t, settings, program)
  // A service that has just started on a busy machine refuses requests at first (503).
  const answer = (path: string, init: RequestInit) =>
    until('an answer', async () => {
      const response = await fetch(`${url}${path}`, init)
      return response.status !== 503 && response
    })
  const registered = await answer('/api/auth/register', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ email: 'ann@example.com', name: 'Ann', password: 'correct-horse-7' })
  })
  const { access_token, user } = (await registered.json()) as { access_token: string; user: { id: string } }
  const headers = { authorization: `Bearer ${access_token}` }
  t.strictSame(await (await answer('/api/notes', { headers })).json(), { items: [], next_cursor: null })
  t.equal((await answer('/api/tasks', { headers })).status, 404)
  kill('SIGTERM')
  t.match(await ended, { code: 0, stderr: '' })

  const shown = await run(t, program, settings, ['users', 'show', 'ann@example.com', '--json']).ended
  t.match(JSON.parse(shown.stdout), { id: user.id, usage: {} })
  t.match(await run(t, program, settings, ['keys', 'list']).ended, { code: 0, stdout: /the shared secret signs/ })
  t.match(await run(t, program, settings, ['doctor']).ended, { stdout: /its schema is up to date/ })
  for (const name of ['audit', 'import', 'export'])
    t.match(await run(t, program, settings, [name]).ended, { code: 2, stderr: /Usage: /i }, name)
})

test('wrong settings of the product, and words that are no command, stop the start with one message', async (t) => {
  const settings = { DATA_DIR: t.testdir(), NOTES_IN_ALL: 'many' }
  for (const args of [[], ['migrate']])
    t.match(await run(t, program, settings, args).ended, {
      code: /[12]/,
      stderr: /NOTES_IN_ALL: must be a whole number/
    })
  t.match(await run(t, program, { DATA_DIR: t.testdir() }, ['serve']).ended, {
    code: 1,
    stderr: /^Notes did not start\. .*serve/s
  })
})
