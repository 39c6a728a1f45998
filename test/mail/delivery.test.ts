import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { sql } from 'kysely'
import type { SMTPServerOptions } from 'smtp-server'
import t, { type Test, test } from 'tap'
import { loadConfig } from '../../src/config/config.ts'
import type { MailSettings, SmtpServer } from '../../src/config/mail-settings.ts'
import { createLetters } from '../../src/mail/letters.ts'
import { createMailTokens } from '../../src/mail/mail-tokens.ts'
import { createSender, type Parts } from '../../src/mail/sender.ts'
import { openSmtp } from '../../src/mail/transport.ts'
import { type MailKind, outboxRepository } from '../../src/repositories/outbox.ts'
import { secret, startApp } from '../helpers/app.ts'
import { captureLog } from '../helpers/log.ts'
import { codeOf, tokenOf } from '../helpers/mailbox.ts'
import { unusedPort } from '../helpers/ports.ts'
import { mailSettings, reply, startSmtp } from '../helpers/smtp.ts'

const { app, config, signUp } = await startApp(t)
const outbox = outboxRepository(app.db)

t.beforeEach(() => app.db.deleteFrom('mails').execute())

async function write(kind: MailKind = 'password.changed', recipient = `${crypto.randomUUID()}@example.com`) {
  const seed = Buffer.alloc(32, 7)
  await outbox.insert({ kind, recipient, language: 'en', address: '192.0.2.1', user_agent: null, seed })
  return recipient
}
const rows = () => app.db.selectFrom('mails').selectAll().orderBy('id').execute()
/** The end of the wait before a repetition, or of a lease. */
const makeDue = () =>
  app.db.updateTable('mails').set({ next_at: sql<string>`now()` }).where('done_at', 'is', null).execute()

/** A sender on the app's outbox, with a mail server at this URL. */
function sendTo(t: Test, url: string, parts: Partial<Parts> = {}) {
  const { mail } = loadConfig({ BETTER_AUTH_SECRET: secret, ...mailSettings(url) })
  const settings = mail as MailSettings & { smtp: SmtpServer }
  const { log, lines } = captureLog()
  let now = 0
  const sender = createSender({
    outbox,
    letters: createLetters(app.db, settings, createMailTokens(config.secrets)),
    transport: () => openSmtp(settings),
    log,
    onDead: async () => {},
    // No rest of the server lasts until the next run.
    elapsed: () => now,
    pause: async () => {},
    ...parts
  })
  t.teardown(sender.stop)
  /** Looks for mails until none is due. */
  async function run() {
    now += 60_000
    sender.wake()
    await sender.idle()
  }
  return { run, lines }
}

/** A connection to a mail server whose replies a function may hold back: then both ends are cut off. */
async function startCutting(t: Test, port: number, isCut: (reply: string) => boolean) {
  const sockets = new Set<Socket>()
  const proxy = createServer((client) => {
    const server = connect(port, '127.0.0.1')
    for (const socket of [client, server]) {
      sockets.add(socket)
      socket.on('error', () => {})
    }
    client.pipe(server)
    server.on('data', (data) => {
      if (isCut(data.toString('latin1'))) for (const socket of [client, server]) socket.destroy()
      else client.write(data)
    })
    server.on('close', () => client.destroy())
    client.on('close', () => server.destroy())
  })
  await once(proxy.listen(0, '127.0.0.1'), 'listening')
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
    proxy.close()
  })
  return `smtp://127.0.0.1:${(proxy.address() as AddressInfo).port}`
}

test('a server that dies between accepting a mail and saying so gets it again: same id, link and code', async (t) => {
  const smtp = await startSmtp(t)
  let cuts = 2
  const url = await startCutting(t, smtp.port, (reply) => /^250 .*queued/m.test(reply) && cuts-- > 0)
  const { run } = sendTo(t, url)
  const { email } = await signUp()
  await write('reset', email)
  const tries = () =>
    app.db.selectFrom('mail_tokens').select('tries').where('email', '=', email).where('purpose', '=', 'reset').execute()
  for (let i = 0; i < 3; i++) {
    await run()
    await makeDue()
    if (i === 0) await app.db.updateTable('mail_tokens').set({ tries: 4 }).where('email', '=', email).execute()
  }
  t.match(await rows(), [{ outcome: 'sent', attempts: 3 }])
  t.strictSame(await tries(), [{ tries: 4 }], 'sending it again forgives no wrong code')
  t.equal(smtp.mails.length, 3)
  const [first] = smtp.mails
  for (const mail of smtp.mails) {
    t.equal(mail.messageId, first?.messageId)
    t.not(tokenOf({ text: mail.text ?? '' }), '')
    t.not(codeOf({ text: mail.text ?? '' }), '')
    t.equal(mail.text, first?.text)
  }
})

test('a connection that breaks before the mail was accepted loses nothing, wherever it breaks', async (t) => {
  for (const [stage, pattern] of Object.entries({
    greeting: /^220 /m,
    'MAIL FROM or RCPT TO': /^250 Accepted/m,
    DATA: /^354 /m
  })) {
    await app.db.deleteFrom('mails').execute()
    const smtp = await startSmtp(t)
    let cuts = 0
    const url = await startCutting(t, smtp.port, (reply) => pattern.test(reply) && ++cuts <= 2)
    const { run } = sendTo(t, url)
    await write()
    for (let i = 0; i < 3; i++) {
      await run()
      await makeDue()
    }
    t.ok(cuts > 1, `the connection broke at ${stage}`)
    t.match(await rows(), [{ outcome: 'sent' }], stage)
    t.equal(smtp.mails.length, 1, stage)
  }
})

/** A server that answers one command so. */
const refusing = {
  greeting: (error: Error): SMTPServerOptions => ({ onConnect: (_session, done) => done(error) }),
  'MAIL FROM': (error: Error): SMTPServerOptions => ({ onMailFrom: (_address, _session, done) => done(error) }),
  'RCPT TO': (error: Error): SMTPServerOptions => ({ onRcptTo: (_address, _session, done) => done(error) }),
  DATA: (error: Error): SMTPServerOptions => ({
    onData: (stream, _session, done) => stream.resume().on('end', () => done(error))
  })
}

const replies: [keyof typeof refusing, number, string, 'dead' | null][] = [
  ['greeting', 421, 'too many connections', null],
  ['greeting', 554, 'not now', null],
  ['MAIL FROM', 451, 'try again', null],
  ['MAIL FROM', 550, 'who are you', null],
  ['RCPT TO', 450, '4.2.0 greylisted', null],
  ['RCPT TO', 421, 'closing', null],
  ['RCPT TO', 550, '5.1.1 no such user', 'dead'],
  ['RCPT TO', 552, 'mailbox full', 'dead'],
  ['RCPT TO', 554, '5.7.1 relay access denied', null],
  ['DATA', 452, 'disk full', null],
  ['DATA', 554, '5.6.0 cannot read this', 'dead'],
  ['DATA', 550, '5.7.1 not from this network', null]
]
for (const [command, code, text, outcome] of replies)
  test(`a reply ${code} ${text} to ${command} makes the mail ${outcome ?? 'wait'}`, async (t) => {
    const smtp = await startSmtp(t, refusing[command](reply(code, text)))
    const { run, lines } = sendTo(t, smtp.url)
    await write()
    await run()
    const [mail, ...others] = await rows()
    t.match(mail, { outcome, attempts: 1 })
    t.match(mail?.error, text)
    t.strictSame(others, [])
    t.match(lines, [{ msg: 'mail not sent', dead: outcome === 'dead' }])
  })

test('a server that accepts two connections at once gets all mails in the end', async (t) => {
  const smtp = await startSmtp(t, { maxClients: 2 })
  const recipients = await Promise.all(Array.from({ length: 30 }, () => write()))
  const { run } = sendTo(t, smtp.url)
  for (let i = 0; i < 30 && smtp.mails.length < recipients.length; i++) {
    await run()
    await makeDue()
  }
  t.strictSame(smtp.mails.map(({ recipient }) => recipient).sort(), recipients.sort())
})

test('a server that is down for a while gets every mail once', async (t) => {
  const port = await unusedPort()
  const recipients = await Promise.all(Array.from({ length: 20 }, () => write()))
  const { run } = sendTo(t, `smtp://127.0.0.1:${port}`)
  await run()
  t.ok((await rows()).every(({ done_at }) => done_at === null))
  const smtp = await startSmtp(t, {}, port)
  await makeDue()
  await run()
  t.strictSame(smtp.mails.map(({ recipient }) => recipient).sort(), recipients.sort())
})

test('the record of an acceptance is repeated when the database does not answer, so that the mail comes once', async (t) => {
  const smtp = await startSmtp(t)
  const waits: number[] = []
  const finish: typeof outbox.finish = async (...given) => {
    if (waits.length < 2) throw new Error('no connection')
    return outbox.finish(...given)
  }
  const { run, lines } = sendTo(t, smtp.url, { outbox: { ...outbox, finish }, pause: async (ms) => waits.push(ms) })
  await write()
  await run()
  t.match(await rows(), [{ outcome: 'sent', attempts: 1 }])
  t.strictSame(waits, [1_000, 2_000])
  t.equal(smtp.mails.length, 1)
  t.strictSame(lines, [])
})

test('a mail whose acceptance cannot be recorded is sent again after its lease', async (t) => {
  const smtp = await startSmtp(t)
  let fails = true
  const finish: typeof outbox.finish = async (...given) => {
    if (fails) throw new Error('no database')
    return outbox.finish(...given)
  }
  const { run, lines } = sendTo(t, smtp.url, { outbox: { ...outbox, finish } })
  await write()
  await run()
  t.match(lines, [{ msg: 'the outbox is unavailable' }])
  fails = false
  await run()
  t.equal(smtp.mails.length, 1, 'not before')
  await makeDue()
  await run()
  t.match(await rows(), [{ outcome: 'sent', attempts: 2 }])
  t.equal(smtp.mails.length, 2)
  t.equal(smtp.mails[0]?.messageId, smtp.mails[1]?.messageId)
})

test('a reply with bytes that the database cannot store is recorded without them', async (t) => {
  const server = createServer((socket) => {
    socket.on('error', () => {})
    socket.write('220 hello\r\n')
    socket.on('data', (data) => {
      const isRecipient = data.toString('latin1').startsWith('RCPT')
      socket.write(isRecipient ? '550 no \0\u001b[31m \xff\r\n' : '250 ok\r\n')
    })
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  t.teardown(() => server.close())
  const { run } = sendTo(t, `smtp://127.0.0.1:${(server.address() as AddressInfo).port}`)
  await write()
  await run()
  t.match(await rows(), [{ outcome: 'dead', error: /550 no \uFFFD\uFFFD\[31m/ }])
})

test('several mails are recorded at once, each with its own outcome', async (t) => {
  for (let i = 0; i < 3; i++) await write()
  const [first, second, third] = (await outbox.claim(60, 3)).map(({ id }) => id) as [string, string, string]
  await outbox.finish([
    { id: first, outcome: 'sent' },
    { id: second, outcome: 'dropped', error: 'no such mailbox' }
  ])
  const found = new Map((await rows()).map(({ id, outcome, error, done_at }) => [id, { outcome, error, done_at }]))
  t.match(found.get(first), { outcome: 'sent', error: null, done_at: String })
  t.match(found.get(second), { outcome: 'dropped', error: 'no such mailbox', done_at: String })
  t.match(found.get(third), { outcome: null, done_at: null })
})
