import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ConnectionOptions } from 'node:tls'
import type { MailSettings, SmtpServer } from '../config/mail-settings.ts'

/** A mail that is ready to be sent. */
export interface Letter {
  id: string
  /** RFC 3339. */
  date: string
  to: string
  subject: string
  text: string
  html: string
  link?: string | undefined
}

export interface Transport {
  /** Rejects unless the mail was accepted. */
  send: (letter: Letter, signal: AbortSignal) => Promise<void>
  /** Connects, encrypts and logs in, without sending. */
  check: () => Promise<void>
  close: () => void
}

/** Mails that are sent at once. One that takes long delays none of the others. */
export const lanes = 8
/** Milliseconds. Without limits, nodemailer waits for two minutes and longer. */
const limits = { connectionTimeout: 10_000, greetingTimeout: 10_000, socketTimeout: 30_000, dnsTimeout: 10_000 }

/** The message for nodemailer. The id and the date stay the same when a mail is sent again. */
function messageOf({ id, date, to, subject, text, html }: Letter, { from }: MailSettings) {
  return {
    messageId: `<${id}@${from.address.slice(from.address.lastIndexOf('@') + 1)}>`,
    date: new Date(date),
    // A copy, because nodemailer normalizes the object in place.
    from: { ...from },
    // As an object, because a list of addresses would be parsed.
    to: { name: '', address: to },
    subject,
    text,
    html,
    // RFC 3834: no automatic replies.
    headers: { 'Auto-Submitted': 'auto-generated', 'X-Auto-Response-Suppress': 'All' },
    disableFileAccess: true,
    disableUrlAccess: true
  }
}

interface SmtpOptions {
  /** Besides Node's own options, such as NODE_EXTRA_CA_CERTS. Certificates are always checked. */
  tls?: Pick<ConnectionOptions, 'ca'>
  times?: Partial<typeof limits>
}

/** Writes a message as the bytes to send. */
async function openComposer(settings: MailSettings) {
  const { default: MailComposer } = await import('nodemailer/lib/mail-composer')
  return (letter: Letter): Promise<Buffer> => new MailComposer(messageOf(letter, settings)).compile().build()
}

/** Sends by SMTP, over a few connections. Loads nodemailer only if there is a mail server. */
export async function openSmtp(
  settings: MailSettings & { smtp: SmtpServer },
  { tls, times }: SmtpOptions = {}
): Promise<Transport> {
  const { createTransport } = await import('nodemailer')
  const compose = await openComposer(settings)
  const { host, port, secure, startTls, auth } = settings.smtp
  const pool = createTransport({
    pool: true,
    maxConnections: lanes,
    maxMessages: 100,
    // Only a connection that was closed while it was idle is replaced at once. The outbox repeats everything else.
    maxRequeues: 1,
    idleTimeout: 30_000,
    host,
    port,
    secure,
    requireTLS: startTls === 'required',
    ignoreTLS: startTls === 'off',
    ...(auth && { auth }),
    ...(tls && { tls }),
    ...limits,
    ...times
  })
  return {
    async send(letter, signal) {
      // As one buffer: the streams of a message would each write to the socket, which costs more than the rest of it.
      const raw = await compose(letter)
      await pool.sendMail({ envelope: { from: settings.from.address, to: [letter.to] }, raw, signal })
    },
    async check() {
      await pool.verify()
    },
    // Also what is still being sent: the outbox repeats it.
    close: () => pool.close({ force: true })
  }
}

/** Writes mails to files, for development, and prints their links. */
export async function openFiles(
  settings: MailSettings,
  dataDir: string,
  print: (text: string) => unknown = (text) => process.stdout.write(text)
): Promise<Transport> {
  const compose = await openComposer(settings)
  const folder = join(dataDir, 'mail')
  return {
    async send(letter) {
      const message = await compose(letter)
      await mkdir(folder, { recursive: true, mode: 0o700 })
      const file = join(folder, `${letter.id}.eml`)
      await writeFile(file, message, { mode: 0o600 })
      print(`\n  Mail to ${letter.to}: ${letter.subject}\n${letter.link ? `  ${letter.link}\n` : ''}  ${file}\n\n`)
    },
    check: async () => {},
    close: () => {}
  }
}
