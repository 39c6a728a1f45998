import { execFile } from 'node:child_process'
import { mock } from 'node:test'
import { promisify } from 'node:util'
import { test } from 'tap'
import { unusedPort } from './ports.ts'

test('no two processes of tests get the same port, also before a server uses it', {
  skip: process.platform === 'linux' ? false : 'only Linux has names that end with a process'
}, async (t) => {
  const next = [0, 0, 0.5]
  mock.method(Math, 'random', () => next.shift())
  t.teardown(() => mock.reset())
  const mine = await unusedPort()
  const program = `import { unusedPort } from './ports.ts'
const next = [0, 0.5]
Math.random = () => next.shift()
console.log(await unusedPort())`
  const args = ['--input-type=module-typescript', '--eval', program]
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: import.meta.dirname })
  t.not(Number(stdout), mine)
  t.ok(Number(stdout) > 20_000)
})
