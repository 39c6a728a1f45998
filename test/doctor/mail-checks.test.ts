import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'tap'
import { loadConfig } from '../../src/config/config.ts'
import { checkMail, sendTestMail } from '../../src/doctor/mail-checks.ts'
import { secret } from '../helpers/app.ts'
import { mailSettings, startSmtp } from '../helpers/smtp.ts'

const strong = 'q3Zx0vJr8Kt5Yb2Nw7Lm4Pd1Hs6Gf9Cu'

test('the mail server is checked without sending a mail, and a mail is sent on request', async (t) => {
  const smtp = await startSmtp(t)
  const config = loadConfig({ BETTER_AUTH_SECRET: secret, ...mailSettings(smtp.url.replace('//', '//ann:hush-hush@')) })
  const bare = loadConfig({ BETTER_AUTH_SECRET: secret, ...mailSettings(smtp.url) })
  t.match(await checkMail(bare), { ok: true, text: /smtp:\/\/127.0.0.1:\d+; links point to https:\/\/app.example.com/ })
  t.equal(smtp.mails.length, 0)
  const refused = await checkMail(config)
  t.equal(refused.ok, false, 'the server takes no passwords')
  t.notMatch(JSON.stringify(refused), 'hush')
  t.match(await sendTestMail(bare, 'Ann@Example.com'), { ok: true })
  t.match(smtp.mails, [{ recipient: 'ann@example.com', subject: 'A test of mail from Gatehouse' }])
  t.match(await sendTestMail(config, 'ann@example.com'), { ok: false })
  t.match(await sendTestMail(bare, ''), { ok: false, text: /^The recipient must be/ })
})

test('the doctor reports a TLS mail server with a self-signed certificate by its smtps: URL', async (t) => {
  const smtp = await startSmtp(t, { secure: true })
  const config = loadConfig({ BETTER_AUTH_SECRET: secret, ...mailSettings(smtp.url) })
  t.match(await checkMail(config), { ok: false, text: /smtps:.*self.signed/i })
})

test('without a mail server the doctor says where mails go', async (t) => {
  const dataDir = t.testdir()
  const config = loadConfig({ BETTER_AUTH_SECRET: secret, DATA_DIR: dataDir })
  t.match(await checkMail(config), {
    ok: true,
    text: `Mail: files in ${dataDir}/mail; links point to http://localhost:8000`
  })
  t.equal((await sendTestMail(config, 'ann@example.com')).ok, true)
  t.equal(readdirSync(join(dataDir, 'mail')).length, 1)
  const production = loadConfig({ NODE_ENV: 'production', BETTER_AUTH_SECRET: strong, DATA_DIR: dataDir })
  t.match(await checkMail(production), { ok: undefined, text: /not configured/, advice: /SMTP_URL/ })
  t.match(await sendTestMail(production, 'ann@example.com'), { ok: false, text: /not configured/ })
})
