import { test } from 'tap'
import { loadConfig } from '../../src/config/config.ts'
import { secret } from '../helpers/app.ts'

const strong = 'q3Zx0vJr8Kt5Yb2Nw7Lm4Pd1Hs6Gf9Cu'
const load = (settings: Record<string, string>) => loadConfig({ BETTER_AUTH_SECRET: secret, ...settings })
const mail = { MAIL_FROM: 'no-reply@example.com', APP_URL: 'https://app.example.com' }
const server = (SMTP_URL: string) => load({ ...mail, SMTP_URL }).mail?.smtp

test('a mail server is read from its URL; outside this machine STARTTLS is required', (t) => {
  const bare = { secure: false, startTls: 'required', auth: undefined }
  t.strictSame(server('smtp://mail.example.com'), { host: 'mail.example.com', port: 587, ...bare })
  t.strictSame(server('smtps://a%40b:c%2Fd@mail.example.com/'), {
    ...{ host: 'mail.example.com', port: 465, secure: true, startTls: 'required' },
    auth: { user: 'a@b', pass: 'c/d' }
  })
  for (const host of ['localhost', '127.0.0.1', '127.1.2.3', '[::1]'])
    t.match(server(`smtp://${host}:25`), { port: 25, startTls: 'optional' }, host)
  for (const host of ['10.0.0.1', '[::2]', 'localhost.example.com', '128.0.0.1'])
    t.match(server(`smtp://${host}`), { startTls: 'required' }, host)
  for (const word of ['required', 'optional', 'off'])
    t.match(server(`smtp://mail:1025?starttls=${word}`), { host: 'mail', port: 1025, startTls: word })
  t.end()
})

test('a wrong mail server or sender stops the start, and is not repeated', (t) => {
  const wrong = [
    ...['mail.example.com', 'http://mail.example.com', 'smtp:/mail', 'smtp://', 'smtp://mail/x', 'smtp://mail#x'],
    ...[
      'smtp://mail?tls=no',
      'smtp://mail?starttls=no',
      'smtps://mail?starttls=off',
      'smtp://mail?starttls=off&pool=1'
    ],
    'smtp://user:hush@mail:99999'
  ]
  for (const SMTP_URL of wrong)
    t.throws(() => load({ ...mail, SMTP_URL }), { message: /^(?!.*(hush|99999)).*SMTP_URL: is not a URL/s }, SMTP_URL)
  const senders = [
    'nobody',
    'Ann <>',
    'Ann <ann@localhost>',
    'A "B" <a@example.com>',
    'a@example.com, b@example.com',
    'A\nB <a@example.com>'
  ]
  for (const MAIL_FROM of senders)
    t.throws(() => load({ MAIL_FROM }), { message: /MAIL_FROM: is not an address/ }, MAIL_FROM)
  t.end()
})

test('addresses are verified softly where there is a mail server, and otherwise as the settings say', (t) => {
  const mode = (settings: Record<string, string>) => {
    const { emailVerification, privateSignUp } = load(settings)
    return [emailVerification, privateSignUp]
  }
  const server = { ...mail, SMTP_URL: 'smtp://mail' }
  const production = { NODE_ENV: 'production', BETTER_AUTH_SECRET: strong }
  t.strictSame(mode({}), ['off', false])
  t.strictSame(mode(production), ['off', false])
  t.strictSame(mode(server), ['soft', false])
  t.strictSame(mode({ ...production, ...server, PRIVATE_SIGN_UP: 'true' }), ['soft', true])
  for (const word of ['off', 'soft', 'required']) {
    t.strictSame(mode({ EMAIL_VERIFICATION: word }), [word, false], 'mails are files')
    t.strictSame(mode({ ...server, EMAIL_VERIFICATION: word }), [word, false])
  }
  t.strictSame(mode({ ...production, EMAIL_VERIFICATION: 'off' }), ['off', false])
  t.throws(() => load({ EMAIL_VERIFICATION: 'on' }), { message: /EMAIL_VERIFICATION/ })
  const wrong = (what: string) => ({
    message: `The settings are wrong:\n  - ${what} needs mail: set SMTP_URL, MAIL_FROM and APP_URL`
  })
  for (const word of ['soft', 'required'])
    t.throws(() => load({ ...production, EMAIL_VERIFICATION: word }), wrong(`EMAIL_VERIFICATION: ${word}`))
  t.throws(() => load({ ...production, PRIVATE_SIGN_UP: 'true' }), wrong('PRIVATE_SIGN_UP:'))
  t.end()
})

test('the sender and the links have defaults outside production, and are required with a server', (t) => {
  t.match(load({ PORT: '9000', APP_NAME: 'Tasks' }).mail, {
    ...{ smtp: undefined, appUrl: 'http://localhost:9000', appName: 'Tasks' },
    from: { name: 'Tasks', address: 'no-reply@example.com' }
  })
  t.match(load({ MAIL_FROM: 'Ann Ö. <ann@example.com>' }).mail?.from, { name: 'Ann Ö.', address: 'ann@example.com' })
  t.match(load({ MAIL_FROM: '<ann@example.com>' }).mail?.from, { name: 'Gatehouse', address: 'ann@example.com' })
  t.throws(() => load({ SMTP_URL: 'smtp://mail' }), { message: /MAIL_FROM: is required.*APP_URL: is required/s })
  const production = { NODE_ENV: 'production', BETTER_AUTH_SECRET: strong }
  t.equal(load(production).mail, undefined)
  t.match(load({ ...production, ...mail, SMTP_URL: 'smtp://mail' }).mail, { appUrl: mail.APP_URL })
  t.end()
})
