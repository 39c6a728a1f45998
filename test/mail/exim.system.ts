import PostalMime from 'postal-mime'
import { test } from 'tap'
import { password, secret } from '../helpers/app.ts'
import { startExim, withoutExim } from '../helpers/exim.ts'
import { codeOf, tokenOf } from '../helpers/mailbox.ts'
import { servePatiently } from '../helpers/process.ts'
import { mailSettings } from '../helpers/smtp.ts'
import { cloneTemplate } from '../helpers/template.ts'
import { until } from '../helpers/wait.ts'

test("a reset mail is delivered unchanged through Debian's Exim by STARTTLS, and its link works", {
  skip: withoutExim
}, async (t) => {
  const exim = await startExim(t)
  const { settings, remove } = await cloneTemplate()
  t.teardown(remove)
  const mail = mailSettings(`smtp://localhost:${exim.port}?starttls=required`)
  const given = { BETTER_AUTH_SECRET: secret, NODE_EXTRA_CA_CERTS: exim.ca, APP_NAME: 'Aufgaben für alle' }
  const { url } = await servePatiently(t, {
    ...given,
    ...settings,
    ...mail,
    MAIL_FROM: 'Tür & Tor <no-reply@example.com>'
  })
  const post = (path: string, body: object) =>
    fetch(`${url}/api/auth/${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'accept-language': 'de' },
      body: JSON.stringify(body)
    })
  const email = "ann.o'hara+x@example.com"
  // A mail has seconds.
  const before = Math.floor(Date.now() / 1000) * 1000
  t.equal((await post('register', { email, name: 'Ann', password })).status, 201)
  t.equal((await post('password/forgot', { email })).status, 202)
  const [file] = await until('the mail', () => exim.mails().length > 0 && exim.mails())
  const raw = file?.toString('latin1') ?? ''
  t.notMatch(raw, /[^\t\n\x20-\x7e]/, 'only ASCII, for servers without 8BITMIME')
  t.ok(
    raw.split('\n').every((line) => line.length <= 998),
    'lines as long as RFC 5322 allows'
  )
  const { headers, text = '', html = '', ...parsed } = await PostalMime.parse(file as Buffer)
  const header = (name: string) => headers.filter(({ key }) => key === name).map(({ value }) => value)
  t.match(parsed, {
    from: { name: 'Tür & Tor', address: 'no-reply@example.com' },
    to: [{ address: email }],
    subject: 'Aufgaben für alle: Passwort zurücksetzen',
    messageId: /^<[\da-f-]{36}@example\.com>$/
  })
  t.strictSame(header('return-path'), ['<no-reply@example.com>'])
  t.strictSame(header('envelope-to'), [email])
  t.strictSame(header('auto-submitted'), ['auto-generated'])
  t.strictSame(header('mime-version'), ['1.0'])
  t.equal(header('date').length, 1)
  const date = Date.parse(parsed.date ?? '')
  t.ok(date >= before && date <= Date.now(), `${parsed.date}: the time of the request`)
  t.match(header('received').join(), /by mx\.example\.com with esmtps +\(TLS1\.3\)/, 'encrypted')
  const [token, code] = [tokenOf({ text }), codeOf({ text })]
  t.match(html, `https://app.example.com/reset#token=${token}`)
  t.match(html, code)
  t.match(text, 'für alle')
  t.equal((await post('password/reset', { token, new_password: 'another-horse-8' })).status, 200)
  await until('the notice', () => exim.mails().length === 2)
  t.notMatch(exim.log(), /error|warning|defer/i)
})
