import { test } from 'tap'
import { run, servePatiently } from '../helpers/process.ts'
import { cloneTemplate, server } from '../helpers/template.ts'
import { until } from '../helpers/wait.ts'

const command = 'src/commands/users.ts'
const why = ['--reason', 'Ticket 7', '--yes']
const password = 'correct-horse-7'

async function post(url: string, body: object) {
  const headers = { 'content-type': 'application/json' }
  const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) })
  return { status: response.status, ...(await response.json()) }
}
const signUp = (url: string) => post(`${url}/api/auth/register`, { email: 'ann@example.com', name: 'Ann', password })

test('wrong arguments and settings end with 2, and say what is wrong', async (t) => {
  const usage = await run(t, command, {}, ['disable']).ended
  t.match(usage, { code: 2, stderr: /Usage: npm run users/ })
  const settings = await run(t, command, { BCRYPT_COST: '99' }, ['find']).ended
  t.match(settings, { code: 2, stderr: /BCRYPT_COST: / })
})

const skip = server ? false : 'needs TEST_DATABASE_URL: one process owns the embedded database'
test('npm run users works while the service runs, which applies the change at once', { skip }, async (t) => {
  const database = await cloneTemplate()
  t.teardown(database.remove)
  const settings = { ...database.settings, BETTER_AUTH_SECRET: 'a-long-value-that-only-the-tests-know' }
  const { url } = await servePatiently(t, settings)
  const { access_token } = await signUp(url)
  const me = async () =>
    (await fetch(`${url}/api/auth/me`, { headers: { authorization: `Bearer ${access_token}` } })).status
  t.equal(await me(), 200)
  t.match(await run(t, command, settings, ['find', 'ann@', '--json']).ended, {
    code: 0,
    stdout: /"email":"ann@example.com"/
  })
  t.match(await run(t, command, settings, ['role', 'ann@example.com', 'admin', ...why]).ended, { code: 0 })
  await until('the end of the session', async () => (await me()) === 401)
  const admin = await post(`${url}/api/auth/login`, { email: 'ann@example.com', password })
  t.equal(admin.user.role, 'admin')
  const smtp = { SMTP_URL: 'smtp://127.0.0.1:1', MAIL_FROM: 'app@example.com', APP_URL: 'https://app.example.com' }
  const sent = await run(t, command, { ...settings, ...smtp }, ['send-reset', 'ann@example.com', ...why]).ended
  t.match(sent, { code: 0, stderr: /1 done/ }, 'the service sends it')
  t.match(await run(t, command, settings, ['show', 'nobody@example.com']).ended, {
    code: 3,
    stderr: 'User not found\n'
  })
})

const only = server ? 'the embedded database only' : false
test('on the embedded database npm run users works while the service is stopped, and is refused while it runs', {
  skip: only
}, async (t) => {
  const database = await cloneTemplate()
  t.teardown(database.remove)
  const { settings } = database
  const service = await servePatiently(t, settings)
  t.equal((await signUp(service.url)).status, 201)
  t.match(await run(t, command, settings, ['find']).ended, {
    code: 1,
    stderr: /in use by the process with pid \d+\. Stop/
  })
  service.kill('SIGTERM')
  await service.ended
  const sent = await run(t, command, settings, ['send-reset', 'ann@example.com', ...why, '--json']).ended
  t.match(sent, { code: 0, stdout: /^\{.*"done":true\}\n$/, stderr: /Mail to ann@example.com: Reset your/ })
  const smtp = { SMTP_URL: 'smtp://127.0.0.1:1', MAIL_FROM: 'app@example.com', APP_URL: 'https://app.example.com' }
  const later = await run(t, command, { ...settings, ...smtp }, ['send-reset', 'ann@example.com', ...why]).ended
  t.match(later, { code: 0, stderr: /1 done/ }, 'the service sends it')
  t.notMatch(later.stderr, /Mail to/)
  t.match(await run(t, command, settings, ['disable', 'ann@example.com', ...why]).ended, { code: 0 })
  t.match(await run(t, command, settings, ['find']).ended, { code: 0, stdout: /disabled +user +ann@example.com/ })
})
