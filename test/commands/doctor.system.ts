import { spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'
import { type Test, test } from 'tap'
import { secret } from '../helpers/app.ts'
import { bridgeToken } from '../helpers/mint.ts'
import { run } from '../helpers/process.ts'
import { settled } from '../helpers/wait.ts'
import '../helpers/without-database.ts'

const settings = (t: Test) => ({ BETTER_AUTH_SECRET: secret, DATA_DIR: t.testdir() })
const doctor = (t: Test, ...args: string[]) => run(t, 'src/commands/doctor.ts', settings(t), args).ended

test('npm run doctor: exit code 0 for an accepted token, 1 for a refused one', async (t) => {
  const good = { code: 0, stdout: /^✓ Accepted/, stderr: '' }
  t.match(await doctor(t, '--token', bridgeToken()), good)
  t.match(await doctor(t, bridgeToken()), good, 'without --token')
  t.match(await doctor(t, '--token', bridgeToken({ exp: 3600 })), {
    code: 1,
    stdout: /^✗ Refused.*\n {2}\w/,
    stderr: ''
  })
})

test('without a token the doctor checks settings, database, mail and issuers', async (t) => {
  t.match(await doctor(t), { code: 0, stdout: /^✓ Settings: .*\n\? Database: .*\n✓ Mail: files in .*\n$/, stderr: '' })
})

test('npm run doctor -- mail sends a mail', async (t) => {
  t.match(await doctor(t, 'mail', 'ann@example.com'), { code: 0, stdout: /Mail to ann@example.com.*✓ Mail: sent/s })
  t.match(await doctor(t, 'mail'), { code: 1, stdout: /^✗ The recipient must be/ })
})

test('a token is taken from standard input', async (t) => {
  const env = { ...process.env, ...settings(t) }
  const child = spawn(process.execPath, ['src/commands/doctor.ts'], { env, stdio: ['pipe', 'pipe', 'inherit'] })
  t.teardown(() => child.kill('SIGKILL'))
  child.stdin.end(`${bridgeToken()}\n`)
  t.match(await settled('the answer of the doctor', text(child.stdout)), /^✓ Accepted/)
})

test('npm run doctor: exit code 2 for wrong settings and unknown options', async (t) => {
  const wrong = await run(t, 'src/commands/doctor.ts', { ...settings(t), PORT: 'x' }).ended
  t.match(wrong, { code: 2, stdout: '', stderr: /PORT: must be a whole number/ })
  t.match(await doctor(t, '--tokens', 'x'), { code: 2, stdout: '', stderr: /^Not checked: Unknown option '--tokens'/ })
})
