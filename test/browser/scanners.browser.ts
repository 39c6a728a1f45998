import type { Email } from 'postal-mime'
import t, { test } from 'tap'
import { mailKinds } from '../../src/mail/texts.ts'
import { type CreationOptions, createAuthenticator } from '../helpers/authenticator.ts'
import { codeAt } from '../helpers/factors.ts'
import { tokenOf } from '../helpers/mailbox.ts'
import { openSite, password, serveSite } from '../helpers/site.ts'
import { mailSettings, startSmtp } from '../helpers/smtp.ts'
import { until } from '../helpers/wait.ts'

const smtp = await startSmtp(t)
const settings = { ...mailSettings(smtp.url), EMAIL_VERIFICATION: 'soft' }
const site = await openSite(t, settings)
const closed = await serveSite(t, { ...settings, PRIVATE_SIGN_UP: 'true' })
const next = 'another-horse-8'

interface Answer {
  access_token: string
  secret: string
  recovery_codes: string[]
}

/** Calls the API, as a program does. Returns the body of the response. */
async function call(method: string, path: string, body: object, token?: string, url = site.url) {
  const headers = { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) }
  const response = await fetch(url + path, { method, headers, body: JSON.stringify(body) })
  t.ok(response.ok, `${method} ${path}`)
  return (response.status === 204 ? {} : await response.json()) as Answer
}

async function signUp() {
  const email = `${crypto.randomUUID()}@example.com`
  const { access_token: token } = await call('POST', '/api/auth/register', { email, name: 'Ann', password })
  return { email, token }
}

interface MailOfKind {
  subject: RegExp
  /** Where the link is opened, if not on the site with open sign-up. */
  url?: string
  /** Causes a mail of this kind. Returns its recipient. */
  cause: () => Promise<string>
  /** Uses the token of the link, and fails if it is no longer valid; undefined for a mail without a link. */
  use: ((token: string) => Promise<unknown>) | undefined
}

const post = (path: string, body: object, token?: string) => call('POST', `/api/auth/${path}`, body, token)
const mailTo = (recipient: string, subject: RegExp) =>
  until(`a mail ${subject}`, () => smtp.to(recipient).find((mail) => subject.test(mail.subject ?? '')))
const tokenIn = ({ text = '' }: Pick<Email, 'text'>) => tokenOf({ text })
const confirmSubject = /^Confirm your new/
const changedSubject = /address .*was changed$/

/** Asks for a new address, and returns both. */
async function askForChange() {
  const { email: old, token } = await signUp()
  const email = `${crypto.randomUUID()}@example.com`
  await post('email/change', { email }, token)
  return { old, email, confirmation: tokenIn(await mailTo(email, confirmSubject)) }
}

async function changeAddress() {
  const asked = await askForChange()
  await post('email/confirm', { token: asked.confirmation })
  return { ...asked, undoing: tokenIn(await mailTo(asked.old, changedSubject)) }
}

async function signUpPrivately(email = `${crypto.randomUUID()}@example.com`) {
  await call('POST', '/api/auth/register', { email, name: 'Ann', password }, undefined, closed.url)
  return email
}

/** A user with an authenticator app. */
async function withAuthenticator() {
  const { email, token } = await signUp()
  const { secret } = await post('factors/totp', {}, token)
  const { recovery_codes } = await post('factors/totp/confirm', { code: codeAt(secret, Date.now()) }, token)
  return { email, token, recoveryCode: recovery_codes[0] }
}

async function addPasskey() {
  const { email, token } = await signUp()
  const options: unknown = await post('passkeys/options', {}, token)
  const { hostname: rpId, origin } = new URL(settings.APP_URL)
  const credential = createAuthenticator().create(options as CreationOptions, { rpId, origin })
  const added: unknown = await post('passkeys', { credential }, token)
  return { email, token, id: (added as { id: string }).id }
}

const cancel = (token: string) => post('email/cancel', { token })

/** Every kind of mail. A link of a new kind is opened by all the scanners below as soon as it is listed here. */
const mails: Record<string, MailOfKind> = {
  reset: {
    subject: /^Reset your/,
    async cause() {
      const { email } = await signUp()
      await post('password/forgot', { email })
      return email
    },
    use: (token) => post('password/reset', { token, new_password: next })
  },
  'password.changed': {
    subject: /password was changed$/,
    async cause() {
      const { email, token } = await signUp()
      await call('PUT', '/api/auth/password', { current_password: password, new_password: next }, token)
      return email
    },
    use: undefined
  },
  verify: {
    subject: /^Confirm your address/,
    cause: async () => (await signUp()).email,
    use: (token) => post('email/verify', { token })
  },
  'verify, of a private sign-up': {
    subject: /^Confirm your address/,
    url: closed.url,
    cause: signUpPrivately,
    use: (token) => call('POST', '/api/auth/email/verify', { token }, undefined, closed.url)
  },
  'sign-up.taken': {
    subject: /^You already have/,
    async cause() {
      const email = await signUpPrivately()
      const token = tokenIn(await mailTo(email, /^Confirm your address/))
      await call('POST', '/api/auth/email/verify', { token }, undefined, closed.url)
      return signUpPrivately(email)
    },
    use: undefined
  },
  'login.new': {
    subject: /^New sign-in/,
    async cause() {
      const { email } = await signUp()
      for (const agent of ['node', 'Firefox/140.0'])
        await fetch(`${site.url}/api/auth/login`, {
          method: 'POST',
          headers: { 'content-type': 'application/json', 'user-agent': agent },
          body: JSON.stringify({ email, password })
        })
      return email
    },
    use: undefined
  },
  'totp.on': {
    subject: /^An authenticator app was added/,
    cause: async () => (await withAuthenticator()).email,
    use: undefined
  },
  'totp.off': {
    subject: /^The authenticator app .+ was removed$/,
    async cause() {
      const { email, token } = await withAuthenticator()
      await call('DELETE', '/api/auth/factors/totp', {}, token)
      return email
    },
    use: undefined
  },
  'recovery_code.used': {
    subject: /^A recovery code/,
    async cause() {
      const { email, token, recoveryCode } = await withAuthenticator()
      await post('step-up', { code: recoveryCode }, token)
      return email
    },
    use: undefined
  },
  'email.confirm': {
    subject: confirmSubject,
    cause: async () => (await askForChange()).email,
    use: (token) => post('email/confirm', { token })
  },
  'email.taken': {
    subject: /^Your address was entered/,
    async cause() {
      const { email } = await signUp()
      const { token } = await signUp()
      await post('email/change', { email }, token)
      return email
    },
    use: undefined
  },
  'email.requested': {
    subject: /^A new address/,
    cause: async () => (await askForChange()).old,
    use: cancel
  },
  'email.changed': { subject: changedSubject, cause: async () => (await changeAddress()).old, use: cancel },
  'email.restored': {
    subject: /was changed back$/,
    async cause() {
      const { email, undoing } = await changeAddress()
      await cancel(undoing)
      return email
    },
    use: undefined
  },
  'passkey.added': {
    subject: /^A passkey was added/,
    cause: async () => (await addPasskey()).email,
    use: undefined
  },
  'token.created': {
    subject: /^An access token was created/,
    async cause() {
      const { email, token } = await signUp()
      await post('tokens', { name: 'Script', scopes: ['tasks:read'], expires_in_days: 30 }, token)
      return email
    },
    use: undefined
  },
  'passkey.removed': {
    subject: /^A passkey was removed/,
    async cause() {
      const { email, token, id } = await addPasskey()
      await call('DELETE', `/api/auth/passkeys/${id}`, {}, token)
      return email
    },
    use: undefined
  }
}

/** Pages without a token that a scanner has already opened. */
const opened = new Set<string>()

/** Loads the page as a scanner with a browser does, and whatever it links to. It may change nothing on the server. */
async function load(
  scanner: string,
  link: string,
  { page, asked }: Awaited<ReturnType<typeof site.person>>
): Promise<void> {
  const before = asked.length
  for (let i = 0; i < 2; i++) await page.goto(link, { waitUntil: 'networkidle' })
  const targets = await page.locator('a[href]').evaluateAll((links) => links.map((a) => (a as HTMLAnchorElement).href))
  for (const target of targets) {
    if (opened.has(`${scanner} ${target}`)) continue
    opened.add(`${scanner} ${target}`)
    await page.goto(target, { waitUntil: 'networkidle' })
  }
  const changes = asked.slice(before).filter((request) => !/^GET |^POST \/api\/auth\/(refresh|logout)$/.test(request))
  t.strictSame(changes, [], 'the scripts of the page only read')
}

/** What opens the links of a mail before its reader does. */
const scanners: Record<string, (link: string) => Promise<unknown>> = {
  HEAD: (link) => fetch(link, { method: 'HEAD', redirect: 'manual' }),
  GET: (link) => fetch(link, { redirect: 'manual' }),
  'GET, with redirects followed': (link) => fetch(link, { redirect: 'follow' }),
  'GET of the token as a query': (link) => fetch(link.replace('#', '?')),
  'GET of the token as a path': (link) => fetch(link.replace('#token=', '/')),
  'POST without a body': (link) => fetch(link, { method: 'POST' }),
  'Chromium without scripts': async (link) => load('no scripts', link, await site.person({ javaScriptEnabled: false })),
  'Chromium that runs scripts': async (link) => load('scripts', link, await site.person()),
  'the browser of somebody who is signed in': async (link) => load('signed in', link, await site.signedUp())
}

/** All URLs of a mail: of both parts. */
function linksOf({ text = '', html = '' }: Pick<Email, 'text' | 'html'>): string[] {
  const found = `${text} ${html.replaceAll('&amp;', '&')}`.match(/https?:\/\/[^\s"'<>]+/g) ?? []
  return [...new Set(found)]
}

test('every kind of mail has a case in this test', async (t) => {
  t.strictSame(
    mailKinds.filter((kind) => !mails[kind]),
    []
  )
})

for (const [name, { subject, url = site.url, cause, use }] of Object.entries(mails)) {
  const isThere = mailKinds.some((kind) => name.split(', ')[0] === kind)
  test(`no scanner consumes the links of the mail ${name}`, { skip: isThere ? false : 'no such mail' }, async (t) => {
    const mail = await mailTo(await cause(), subject)
    const links = linksOf(mail)
    if (!use) return t.strictSame(links, [], 'it has none')
    t.ok(links.length > 0 && links.every((link) => link.startsWith(`${settings.APP_URL}/`)), links.join())
    for (const link of links)
      await Promise.all(
        Object.entries(scanners).map(async ([scanner, scan]) => {
          await scan(link.replace(settings.APP_URL, url))
          t.pass(scanner)
        })
      )
    await use(tokenIn(mail))
  })
}
