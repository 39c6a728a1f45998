import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'tap'
import { password, secret } from '../helpers/app.ts'
import { codeOf } from '../helpers/mailbox.ts'
import { servePatiently } from '../helpers/process.ts'
import { mailSettings, startSmtp } from '../helpers/smtp.ts'
import { until } from '../helpers/wait.ts'
import '../helpers/without-database.ts'

test('a process of the embedded database that is killed while it sends a mail sends it after its start', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'gatehouse_killed_'))
  t.teardown(() => rm(folder, { recursive: true, force: true, maxRetries: 3 }))
  const ids: (string | undefined)[] = []
  const { url, mails } = await startSmtp(t, {
    // The first one is never accepted.
    accept: ({ messageId }) => (ids.push(messageId) === 1 ? new Promise(() => {}) : undefined)
  })
  const start = () => servePatiently(t, { BETTER_AUTH_SECRET: secret, DATA_DIR: folder, ...mailSettings(url) })
  const post = (service: { url: string }, path: string, body: object) =>
    fetch(`${service.url}/api/auth/${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body)
    })
  const email = 'ann@example.com'
  const first = await start()
  t.equal((await post(first, 'register', { email, name: 'Ann', password })).status, 201)
  t.equal((await post(first, 'password/forgot', { email })).status, 202)
  await until('the mail at the server', () => ids.length === 1)
  first.kill('SIGKILL')
  await first.ended
  const second = await start()
  // The lease of five minutes is much longer than the wait.
  const mail = await until('the mail', () => mails[0])
  t.strictSame(ids, [mail.messageId, mail.messageId], 'the same mail again')
  const code = codeOf({ text: mail.text ?? '' })
  t.equal((await post(second, 'password/reset', { email, code, new_password: 'another-horse-8' })).status, 200)
})
