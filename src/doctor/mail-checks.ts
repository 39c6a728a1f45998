import { emailFault, normalEmail } from '../auth/email-address.ts'
import type { Config } from '../config/config.ts'
import type { MailSettings } from '../config/mail-settings.ts'
import { explain } from '../database/failures.ts'
import { openFiles, openSmtp, type Transport } from '../mail/transport.ts'
import { newId } from '../util/ids.ts'
import type { Finding } from './findings.ts'

const notConfigured = {
  text: 'Mail: not configured, so nobody can reset a forgotten password: the routes answer 503',
  advice: 'Set SMTP_URL, MAIL_FROM and APP_URL.'
}

/** Opens the mail server, or the folder for mails, and names it. */
async function open(config: Config): Promise<{ name: string; transport: Transport; mail: MailSettings } | undefined> {
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
    'Can the server be reached from here, do its certificate and the password fit? smtp:// requires STARTTLS, except on this machine.'
})

/** Connects to the mail server and logs in, without sending a mail. */
export async function checkMail(config: Config): Promise<Finding> {
  const opened = await open(config)
  if (!opened) return { ok: undefined, ...notConfigured }
  const { name, transport, mail } = opened
  try {
    await transport.check()
    return { ok: true, text: `Mail: ${name}; links point to ${mail.appUrl}` }
  } catch (error) {
    return failed(name, error)
  } finally {
    transport.close()
  }
}

/** Sends a mail, without the outbox. */
export async function sendTestMail(config: Config, to: string): Promise<Finding> {
  const fault = emailFault(to)
  const opened = await open(config)
  if (fault || !opened)
    return {
      ok: false,
      ...(fault ? { text: `The recipient ${fault}`, advice: 'npm run doctor -- mail ann@example.com' } : notConfigured)
    }
  const { name, transport, mail } = opened
  const { appName } = mail
  const subject = `A test of mail from ${appName}`
  const text = `${appName} can send mail. Somebody asked for this test on the command line.\n`
  const letter = { id: newId(), date: new Date().toISOString(), to: normalEmail(to) as string, subject, text }
  try {
    await transport.send({ ...letter, html: `<p>${text}</p>` }, AbortSignal.timeout(60_000))
    return { ok: true, text: `Mail: sent to ${letter.to} by ${name}` }
  } catch (error) {
    return failed(name, error)
  } finally {
    transport.close()
  }
}
