import { BlockList, isIP } from 'node:net'
import { makeExactValidator } from 'envalid'
import { emailFault } from '../auth/email-address.ts'

/** How the connection to the mail server is encrypted. */
export interface SmtpServer {
  host: string
  port: number
  /** TLS from the first byte. */
  secure: boolean
  /** With STARTTLS: whether TLS is required, used if the server offers it, or never used. */
  startTls: 'required' | 'optional' | 'off'
  auth: { user: string; pass: string } | undefined
}

export interface Sender {
  /** Undefined: the name of the app. */
  name: string | undefined
  address: string
}

const startTlsWords = ['required', 'optional', 'off'] as const
const loopback = new BlockList()
loopback.addSubnet('127.0.0.0', 8, 'ipv4')
loopback.addAddress('::1', 'ipv6')

function isLoopback(host: string): boolean {
  const family = isIP(host)
  return host === 'localhost' || (family !== 0 && loopback.check(host, family === 4 ? 'ipv4' : 'ipv6'))
}

/**
 * `smtps://` is TLS from the first byte. `smtp://` is STARTTLS, required unless the server is on this machine, because
 * anyone on the way could remove the offer (RFC 8314, section 3). The message must not repeat the URL.
 */
export const smtpUrl = makeExactValidator<SmtpServer>((text) => {
  const url = /^smtps?:\/\/[^/?#]+\/?(\?[^#]*)?$/.test(text) && URL.canParse(text) ? new URL(text) : undefined
  const query = [...(url?.searchParams ?? [])]
  const word = startTlsWords.find((known) => known === url?.searchParams.get('starttls'))
  if (!url || query.length > (word ? 1 : 0) || (word && url.protocol === 'smtps:'))
    throw new Error(
      'is not a URL such as smtps://user:password@smtp.example.com, or smtp://smtp.example.com:587 with STARTTLS; only smtp:// may end in ?starttls=required, ?starttls=optional or ?starttls=off'
    )
  const secure = url.protocol === 'smtps:'
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1')
  const [user, pass] = [decodeURIComponent(url.username), decodeURIComponent(url.password)]
  return {
    host,
    port: Number(url.port) || (secure ? 465 : 587),
    secure,
    startTls: word ?? (isLoopback(host) ? 'optional' : 'required'),
    auth: user === '' ? undefined : { user, pass }
  }
})

/** An address, or `Name <address>`. */
export const sender = makeExactValidator<Sender>((text) => {
  const [, name, bracketed] = /^([^<>"\p{C}]*)<([^<>]+)>$/u.exec(text) ?? []
  const address = bracketed ?? text
  const fault = emailFault(address)
  if (fault)
    throw new Error(`is not an address such as no-reply@example.com or Example <no-reply@example.com>: ${fault}`)
  return { name: name?.trim() || undefined, address: address.trim() }
})

interface Given {
  NODE_ENV: string
  SMTP_URL: SmtpServer | undefined
  MAIL_FROM: Sender | undefined
  APP_URL: string | undefined
  APP_NAME: string
  PORT: number
}

/** What the mails of the service need. Undefined in production without a mail server. */
export interface MailSettings {
  /** Undefined: mails are written to the data directory. */
  smtp: SmtpServer | undefined
  from: { name: string; address: string }
  /** Where the links of mails point, without a trailing slash. Never a host that a request names. */
  appUrl: string
  appName: string
}

/** Settings of mail that depend on each other. */
export function mailSettings(env: Given, production: boolean, complain: (problem: string) => void) {
  const { SMTP_URL: smtp, MAIL_FROM: from, APP_URL: appUrl, APP_NAME: appName } = env
  if (smtp && !from) complain('MAIL_FROM: is required with SMTP_URL: the address that mails come from')
  if (smtp && !appUrl) complain('APP_URL: is required with SMTP_URL: where the links of mails point')
  if (production && !smtp) return undefined
  return {
    smtp,
    from: { name: from?.name ?? appName, address: from?.address ?? 'no-reply@example.com' },
    appUrl: appUrl ?? `http://localhost:${env.PORT}`,
    appName
  }
}

export const verificationModes = ['off', 'soft', 'required'] as const
export type VerificationMode = (typeof verificationModes)[number]

interface SignUpGiven {
  EMAIL_VERIFICATION: VerificationMode | undefined
  PRIVATE_SIGN_UP: boolean
}

/** What a new account has to prove, and whether registering tells that an address is taken. */
export function signUpSettings(
  { EMAIL_VERIFICATION: mode, PRIVATE_SIGN_UP: privateSignUp }: SignUpGiven,
  mail: MailSettings | undefined,
  complain: (problem: string) => void
) {
  const need = 'needs mail: set SMTP_URL, MAIL_FROM and APP_URL'
  if (!mail && mode && mode !== 'off') complain(`EMAIL_VERIFICATION: ${mode} ${need}`)
  if (!mail && privateSignUp) complain(`PRIVATE_SIGN_UP: ${need}`)
  return { emailVerification: mode ?? (mail?.smtp ? 'soft' : 'off'), privateSignUp }
}
