import { test } from 'tap'
import { run } from '../helpers/process.ts'

test('the published contract is what the schemas say', async (t) => {
  const check = await run(t, 'src/commands/openapi.ts', {}, ['--check']).ended
  t.match(check, { code: 0, stdout: 'openapi.yaml is what the schemas say\n', stderr: '' })
})
