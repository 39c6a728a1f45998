import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { test } from 'tap'
import { unusedPort } from './ports.ts'

test('no two processes of tests get the same port, also before a server uses it', {
  skip: process.platform === 'linux' ? false : 'only Linux has names that end with a process'
}, async (t) => {
  const mine = await unusedPort()
  // Other processes of tests use ports meanwhile, so only the first choice is fixed.
  const program = `import { unusedPort } from './ports.ts'
const random = Math.random
const first = [${(mine - 20_000 + 0.5) / 12_000}]
Math.random = () => first.pop() ?? random()
console.log(await unusedPort(), first.length)`
  const args = ['--input-type=module-typescript', '--eval', program]
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: import.meta.dirname })
  const [port, left] = stdout.split(' ').map(Number)
  t.equal(left, 0, 'it tried the same one')
  t.not(port, mine)
  t.ok((port ?? 0) >= 20_000, stdout)
})
