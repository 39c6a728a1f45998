import { once } from 'node:events'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import PostalMime from 'postal-mime'
import type { SMTPServerOptions } from 'smtp-server'
import { test } from 'tap'
import { loadConfig } from '../../src/config/config.ts'
import type { MailSettings, SmtpServer } from '../../src/config/mail-settings.ts'
import { lanes, openFiles, openSmtp } from '../../src/mail/transport.ts'
import { secret } from '../helpers/app.ts'
import { certificate, mailSettings, reply, startSmtp } from '../helpers/smtp.ts'
import { until } from '../helpers/wait.ts'

const letter = {
  id: '0193aaaa-0000-7000-8000-00000000000a',
  date: '2026-01-02T03:04:05.000Z',
  to: "ann.o'hara+x@example.com",
  subject: 'Ärger mit dem Passwort',
  text: 'Grüße\nhttps://app.example.com/reset#token=abc\n',
  html: '<p>Grüße</p>',
  link: 'https://app.example.com/reset#token=abc'
}
const settingsFor = (url: string) =>
  loadConfig({ BETTER_AUTH_SECRET: secret, ...mailSettings(url) }).mail as MailSettings & { smtp: SmtpServer }
const ours = { tls: { ca: certificate.cert } }
const never = new AbortController().signal

type Options = Parameters<typeof openSmtp>[1]

async function sendTo(url: string, options?: Options, signal: AbortSignal = never) {
  const transport = await openSmtp(settingsFor(url), options)
  try {
    await transport.check()
    await transport.send(letter, signal)
  } finally {
    transport.close()
  }
}

test('a mail arrives with its parts, a stable id and date, and asks for no automatic reply', async (t) => {
  const smtp = await startSmtp(t)
  await sendTo(smtp.url)
  await sendTo(smtp.url)
  t.equal(smtp.mails.length, 2)
  for (const mail of smtp.mails)
    t.match(mail, {
      messageId: `<${letter.id}@mail.example.com>`,
      date: letter.date,
      from: { name: 'Gate House', address: 'no-reply@mail.example.com' },
      to: [{ address: letter.to }],
      recipient: letter.to,
      subject: letter.subject,
      text: /Grüße\n.*#token=abc/,
      html: /<p>Grüße<\/p>/
    })
  t.ok(smtp.mails[0]?.headers.some(({ key, value }) => key === 'auto-submitted' && value === 'auto-generated'))
})

test('smtps:// is TLS, with a certificate that is checked', async (t) => {
  const smtp = await startSmtp(t, { secure: true })
  await t.rejects(sendTo(smtp.url), { code: /SELF_SIGNED|ESOCKET|ETLS/ }, 'of nobody known')
  await t.rejects(sendTo(smtp.url.replace('127.0.0.1', '127.0.0.2'), ours), 'for another name')
  t.equal(smtp.mails.length, 0)
  await sendTo(smtp.url, ours)
  t.equal(smtp.mails.length, 1)
})

test('smtp:// sends neither password nor mail to another machine without STARTTLS', async (t) => {
  const said: string[] = []
  const onAuth: SMTPServerOptions['onAuth'] = ({ password }, _session, done) => {
    said.push(String(password))
    done(null, { user: 1 })
  }
  const plain = await startSmtp(t, { onAuth, allowInsecureAuth: true })
  const withTls = await startSmtp(t, { onAuth, disabledCommands: [] })
  const urlOf = ({ port }: { port: number }, query: string) => `smtp://ann:p%40ss@127.0.0.1:${port}${query}`
  await t.rejects(sendTo(urlOf(plain, '?starttls=required'), ours), { code: 'ETLS' })
  t.strictSame([said, plain.mails], [[], []])
  await sendTo(urlOf(withTls, '?starttls=required'), ours)
  await t.rejects(sendTo(urlOf(withTls, '?starttls=required')), 'its certificate is checked')
  await sendTo(urlOf(withTls, ''), ours)
  await sendTo(urlOf(plain, ''), ours)
  await sendTo(urlOf(plain, '?starttls=off'), ours)
  t.strictSame([withTls.mails.length, plain.mails.length], [2, 2])
  t.ok(said.length > 0 && said.every((password) => password === 'p@ss'))
})

test('a refused password, address or content is an error with the reply', async (t) => {
  const failureOf = (url: string) =>
    sendTo(url).then(
      () => 'sent',
      (error) => error
    )
  const closed = await startSmtp(t, { onAuth: (_auth, _session, done) => done(reply(535)), allowInsecureAuth: true })
  t.match(await failureOf(closed.url.replace('//', '//ann:x@')), { responseCode: 535 })
  const picky = await startSmtp(t, { onRcptTo: (_address, _session, done) => done(reply(550)) })
  t.match(await failureOf(picky.url), { responseCode: 550, command: 'RCPT TO' })
  const accept = () => {
    throw reply(451)
  }
  t.match(await failureOf((await startSmtp(t, { accept })).url), { responseCode: 451, command: 'DATA' })
})

test('a server that does not answer is given up, by each limit and by the signal', async (t) => {
  const silent = await startSmtp(t, { accept: () => new Promise(() => {}) })
  await t.rejects(sendTo(silent.url, { times: { socketTimeout: 50 } }), { code: 'ETIMEDOUT' })
  await t.rejects(sendTo(silent.url, {}, AbortSignal.timeout(50)))
  const mute = await startSmtp(t, { onConnect: () => {} })
  await t.rejects(sendTo(mute.url, { times: { greetingTimeout: 50 } }), { code: 'ETIMEDOUT' })
})

test('a server that trickles its reply, so that no limit of silence ends it, is given up by the signal', async (t) => {
  const server = createServer((socket) => {
    const timer = setInterval(() => socket.write('220-wait\r\n'), 5)
    socket.on('error', () => {})
    socket.on('close', () => clearInterval(timer))
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  t.teardown(() => server.close())
  const { port } = server.address() as AddressInfo
  const transport = await openSmtp(settingsFor(`smtp://127.0.0.1:${port}`))
  const sending = new AbortController()
  const sent = transport.send(letter, sending.signal)
  await once(server, 'connection')
  sending.abort()
  await t.rejects(sent, { name: 'AbortError' })
  transport.close()
})

test('mails that were given up leave no connection behind that others would wait for', async (t) => {
  let isStuck = true
  let stuck = 0
  const smtp = await startSmtp(t, {
    accept: () => {
      if (isStuck) stuck += 1
      return isStuck ? new Promise(() => {}) : undefined
    }
  })
  const transport = await openSmtp(settingsFor(smtp.url))
  for (let round = 1; round <= 2; round++) {
    const sending = new AbortController()
    const sent = Array.from({ length: lanes }, () => transport.send(letter, sending.signal))
    await until('the server to have them', () => stuck === round * lanes)
    sending.abort()
    for (const result of await Promise.allSettled(sent)) t.equal(result.status, 'rejected')
  }
  isStuck = false
  await Promise.all(Array.from({ length: 2 * lanes }, () => transport.send(letter, never)))
  t.equal(smtp.mails.length, 2 * lanes)
  transport.close()
})

test('connections are reused, and bounded', async (t) => {
  let opened = 0
  const smtp = await startSmtp(t, {
    onConnect(_session, done) {
      opened += 1
      done()
    }
  })
  const transport = await openSmtp(settingsFor(smtp.url))
  await Promise.all(Array.from({ length: 40 }, () => transport.send(letter, never)))
  transport.close()
  t.equal(smtp.mails.length, 40)
  t.ok(opened <= lanes, `${opened} connections`)
})

test('without a mail server, mails are private files, and their links are printed', async (t) => {
  const dataDir = t.testdir()
  const { mail } = loadConfig({ BETTER_AUTH_SECRET: secret, DATA_DIR: dataDir, APP_NAME: 'Tasks' })
  const said: string[] = []
  const transport = await openFiles(mail as MailSettings, dataDir, (text) => said.push(text))
  await transport.check()
  await transport.send(letter, never)
  await transport.send({ ...letter, id: 'b', link: undefined }, never)
  transport.close()
  const folder = join(dataDir, 'mail')
  t.strictSame(readdirSync(folder).sort(), [`${letter.id}.eml`, 'b.eml'].sort())
  const file = join(folder, `${letter.id}.eml`)
  t.equal(statSync(file).mode & 0o077, 0)
  const { subject, text, from } = await PostalMime.parse(readFileSync(file))
  t.match({ subject, text, from }, { subject: letter.subject, text: /#token=abc/, from: { name: 'Tasks' } })
  t.match(said[0], `${letter.link}\n`)
  t.match(said[0], file)
  t.notMatch(said[1], 'token')
})
