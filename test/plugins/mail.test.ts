import { readdirSync } from 'node:fs'
import { test } from 'tap'
import { startApp } from '../helpers/app.ts'
import { mailSettings, startSmtp } from '../helpers/smtp.ts'
import { until } from '../helpers/wait.ts'

const strong = 'q3Zx0vJr8Kt5Yb2Nw7Lm4Pd1Hs6Gf9Cu'

test('in production without a mail server the routes answer 503, and nothing is written', async (t) => {
  const { app, signUp, anyone } = await startApp(t, {
    settings: { NODE_ENV: 'production', BETTER_AUTH_SECRET: strong }
  })
  const ann = await signUp()
  for (const name of ['forgot', 'reset']) {
    const answer = await anyone.post(`/api/auth/password/${name}`, { email: ann.email })
    t.match(answer.json(), { status: 503, code: 'unavailable' }, name)
    t.match(answer.headers, { 'retry-after': '3600' })
  }
  const change = { current_password: ann.password, new_password: 'another-horse-8' }
  t.equal((await ann.put('/api/auth/password', change)).statusCode, 200)
  t.strictSame(await app.db.selectFrom('mails').select('id').execute(), [])
})

test('mails go to the mail server, with links to APP_URL', async (t) => {
  const smtp = await startSmtp(t)
  const { app, signUp, anyone } = await startApp(t, { settings: mailSettings(smtp.url) })
  const ann = await signUp()
  await anyone.post('/api/auth/password/forgot', { email: ann.email })
  const [mail] = await until('the mail', () => smtp.to(ann.email).length > 0 && smtp.to(ann.email))
  t.match(mail, {
    subject: 'Reset your Gatehouse password',
    text: /https:\/\/app\.example\.com\/reset#token=[\w-]{43}\n/
  })
  await app.mail.sender?.idle()
})

test('a mail that another process wrote is sent by the next start', async (t) => {
  const smtp = await startSmtp(t)
  const { app, signUp, anyone } = await startApp(t)
  const ann = await signUp()
  await app.mail.sender?.stop()
  await anyone.post('/api/auth/password/forgot', { email: ann.email })
  t.match(await app.mail.waiting(), { count: 1 })
  const { createMail } = await import('../../src/mail/mail.ts')
  const { loadConfig } = await import('../../src/config/config.ts')
  const config = loadConfig({ BETTER_AUTH_SECRET: strong, ...mailSettings(smtp.url) })
  const mail = createMail(config, app.db, { securityLog: { record: async () => {} }, log: app.log })
  mail.start()
  await until('the mail', () => smtp.to(ann.email).length > 0)
  await mail.sender?.idle()
  await mail.stop()
  t.match(await app.mail.waiting(), { count: 0, age: 0 })
})

test('without a mail server, the mails of this process are files, and others are left alone', async (t) => {
  const { app, signUp, anyone } = await startApp(t)
  const ann = await signUp()
  await app.mail.sender?.stop()
  await anyone.post('/api/auth/password/forgot', { email: ann.email })
  const { createMail } = await import('../../src/mail/mail.ts')
  const { loadConfig } = await import('../../src/config/config.ts')
  const dataDir = t.testdir()
  const config = loadConfig({ BETTER_AUTH_SECRET: strong, DATA_DIR: dataDir })
  const mail = createMail(config, app.db, { securityLog: { record: async () => {} }, log: app.log })
  mail.start()
  await mail.sender?.idle()
  t.match(await mail.waiting(), { count: 1 })
  mail.wake()
  await mail.sender?.idle()
  t.equal(readdirSync(`${dataDir}/mail`).length, 1)
  await mail.stop()
})

test('a mail server that does not answer delays no request', async (t) => {
  let arrived = 0
  const { promise, resolve } = Promise.withResolvers<void>()
  const smtp = await startSmtp(t, {
    accept: () => {
      arrived += 1
      return promise
    }
  })
  const { signUp, anyone } = await startApp(t, { settings: mailSettings(smtp.url) })
  const ann = await signUp()
  t.equal((await anyone.post('/api/auth/password/forgot', { email: ann.email })).statusCode, 202)
  await until('the mail server to have it', () => arrived > 0)
  t.equal((await anyone.post('/api/auth/password/forgot', { email: ann.email })).statusCode, 202)
  resolve()
})

test('requests for mail are limited by client address only, alike for known and unknown accounts', async (t) => {
  const settings = { RATE_LIMIT_ENABLED: 'true', RATE_LIMIT_MAIL: '6' }
  const { signUp, anyone } = await startApp(t, { settings })
  const ann = await signUp()
  const forgot = async (email: string, remoteAddress: string) =>
    (await anyone.post('/api/auth/password/forgot', { email }, { remoteAddress })).statusCode
  const nobody = 'nobody@example.com'
  for (const email of [ann.email, nobody, ann.email, nobody, ann.email, nobody])
    t.equal(await forgot(email, '192.0.2.1'), 202)
  for (const email of [ann.email, nobody]) t.equal(await forgot(email, '192.0.2.1'), 429)
  for (const email of [ann.email, nobody]) t.equal(await forgot(email, '192.0.2.2'), 202)
})

test('a mail that is given up is a security event', async (t) => {
  const smtp = await startSmtp(t, {
    onRcptTo: (_address, _session, done) => done(Object.assign(new Error('no such user'), { responseCode: 550 }))
  })
  const { app, signUp, lines } = await startApp(t, { settings: mailSettings(smtp.url) })
  const ann = await signUp()
  await ann.put('/api/auth/password', { current_password: ann.password, new_password: 'another-horse-8' })
  const event = () => app.db.selectFrom('security_events').selectAll().where('event', '=', 'mail.dead').execute()
  t.match(await until('the event', async () => (await event()).length > 0 && event()), [
    { user_id: ann.id, address: '127.0.0.1' }
  ])
  t.match(lines.filter(({ msg }) => msg === 'mail not sent').at(-1), { dead: true, kind: 'password.changed' })
})
