import { emailFault, normalEmail } from '../auth/email-address.ts'
import type { Config } from '../config/config.ts'
import type { MailSettings } from '../config/mail-settings.ts'
import { explain } from '../database/failures.ts'
import { openFiles, openSmtp, type Transport } from '../mail/transport.ts'
import { commandText } from '../process/program.ts'
import { newId } from '../util/ids.ts'
import type { Finding } from './findings.ts'

const notConfigured = {
  text: 'Mail: not configured, so nobody can reset a forgotten password: the routes answer 503',
  advice: 'Set SMTP_URL, MAIL_FROM and APP_URL.'
}

interface Opened {
  name: string
  transport: Transport
  mail: MailSettings
}

/** Opens the mail server, or the folder for mails, and names it. */
async function open(config: Config): Promise<Opened | undefined> {
  const { mail, dataDir } = config
  if (!mail) return undefined
  const { smtp } = mail
  if (!smtp) return { name: `files in ${dataDir}/mail`, transport: await openFiles(mail, dataDir), mail }
  const name = `${smtp.secure ? 'smtps' : 'smtp'}://${smtp.host}:${smtp.port}`
  return { name, transport: await openSmtp({ ...mail, smtp }), mail }
}

const failed = (name: string, error: unknown): Finding => ({
  ok: false,
  text: `Mail: ${name}: ${explain(error)}`,
  advice:
    'Check that the server can be reached from here, and that its certificate and the password are right. smtp:// requires STARTTLS, except on this machine.'
})

/** Waits for a use of the mail server, which ends the connection, and returns what came of it. */
async function tryIt({ name, transport }: Opened, use: Promise<void>, text: string): Promise<Finding> {
  const finding = await use.then(
    () => ({ ok: true, text }),
    (error) => failed(name, error)
  )
  transport.close()
  return finding
}

/** Connects to the mail server and logs in, without sending a mail. */
export async function checkMail(config: Config): Promise<Finding> {
  const opened = await open(config)
  if (!opened) return { ok: undefined, ...notConfigured }
  return tryIt(opened, opened.transport.check(), `Mail: ${opened.name}; links point to ${opened.mail.appUrl}`)
}

/** Sends a mail, without the outbox. */
export async function sendTestMail(config: Config, to: string): Promise<Finding> {
  const fault = emailFault(to)
  const opened = await open(config)
  if (fault || !opened)
    return {
      ok: false,
      ...(fault
        ? { text: `The recipient ${fault}`, advice: commandText('doctor', 'mail ann@example.com') }
        : notConfigured)
    }
  const { name, transport, mail } = opened
  const { appName } = mail
  const subject = `A test of mail from ${appName}`
  const text = `${appName} can send mail. Somebody asked for this test on the command line.\n`
  const letter = { id: newId(), date: new Date().toISOString(), to: normalEmail(to) as string, subject, text }
  const sent = transport.send({ ...letter, html: `<p>${text}</p>` }, AbortSignal.timeout(60_000))
  return tryIt(opened, sent, `Mail: sent to ${letter.to} by ${name}`)
}
