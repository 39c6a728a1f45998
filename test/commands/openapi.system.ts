import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Test, test } from 'tap'
import { run } from '../helpers/process.ts'
import '../helpers/without-database.ts'

const openapi = (t: Test, ...args: string[]) => run(t, 'src/commands/openapi.ts', {}, args).ended

test('the published contract matches the schemas', async (t) => {
  const said = { code: 0, stdout: 'openapi.yaml matches the schemas\n', stderr: '' }
  t.match(await openapi(t, '--check'), said)
})

test('an outdated or missing contract fails the check', async (t) => {
  const file = join(t.testdir(), 'openapi.yaml')
  t.match(await openapi(t, '--check', file), { code: 1 })
  t.match(await openapi(t, file), { code: 0, stderr: '' })
  t.match(await openapi(t, '--check', file), { code: 0 })
  appendFileSync(file, 'x-drift: true\n')
  t.match(await openapi(t, '--check', file), { code: 1, stderr: /run: npm run openapi/ })
})
