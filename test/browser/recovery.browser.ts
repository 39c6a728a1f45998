import t, { test } from 'tap'
import { codeOf, tokenOf } from '../helpers/mailbox.ts'
import { field, logIn, openSite, seen } from '../helpers/site.ts'
import { mailSettings, startSmtp } from '../helpers/smtp.ts'
import { until } from '../helpers/wait.ts'

const smtp = await startSmtp(t)
const site = await openSite(t, mailSettings(smtp.url))
const next = 'another-horse-8'

/** Asks for a mail on the page, and waits for it. */
async function mailFor(email: string, count = 1) {
  const { page } = await site.person()
  // So that the countdown stays where it begins.
  await page.clock.setFixedTime(Date.now())
  await page.goto('/login')
  await field(page, 'Email').fill(email)
  await page.getByRole('link', { name: 'Forgot password?' }).click()
  await seen(page, 'Forgot your password?')
  t.equal(await field(page, 'Email').inputValue(), email, 'the email that was typed for signing in')
  await page.getByRole('button', { name: 'Send the mail' }).click()
  await seen(page, 'Check your mail')
  t.match(await page.getByRole('button', { name: /Try again in/ }).textContent(), /0:5\d|1:00/)
  const mail = await until('the mail', () => smtp.to(email)[count - 1])
  return { page, mail: { text: mail.text ?? '' } }
}

test('a forgotten password is replaced by the link of a mail, once, on another device', async (t) => {
  const { page: old, email } = await site.signedUp()
  const { mail } = await mailFor(email)
  const { page: phone } = await site.person()
  const link = `/reset#token=${tokenOf(mail)}`
  await phone.goto(link)
  await seen(phone, 'Set a new password')
  await field(phone, 'New password').fill('Password1!')
  await phone.getByRole('button', { name: 'Set password' }).click()
  await phone.getByText(/too close to a common password/).waitFor()
  await field(phone, 'New password').fill(next)
  await phone.getByRole('button', { name: 'Set password' }).click()
  await seen(phone, 'Sign in')
  await phone.getByText('Your password was changed. Sign in with the new one.').waitFor()
  await logIn(phone, email, next)
  await seen(phone, 'Tasks')
  const notice = await until('the notice of a new password', () => smtp.to(email)[1])
  t.notMatch(notice.text ?? '', 'token=')
  await old.reload()
  await seen(old, 'Sign in')
  const { page: third } = await site.person()
  await third.goto(link)
  await field(third, 'New password').fill('a-third-horse-9')
  await third.getByRole('button', { name: 'Set password' }).click()
  await seen(third, 'This link is no longer valid')
  await third.getByRole('link', { name: 'Send a new mail' }).click()
  await seen(third, 'Forgot your password?')
})

test('a forgotten password is replaced by the code of a mail', async (t) => {
  const { email } = await site.signedUp()
  const { page, mail } = await mailFor(email)
  await page.getByRole('link', { name: 'Enter the code' }).click()
  await seen(page, 'Set a new password')
  t.equal(await field(page, 'Email').inputValue(), email)
  await field(page, 'Code').fill('0000 0000')
  await field(page, 'New password').fill(next)
  await page.getByRole('button', { name: 'Set password' }).click()
  await page.getByText('This code is wrong, or no longer valid.').waitFor()
  await field(page, 'Code').fill(codeOf(mail))
  await page.getByRole('button', { name: 'Set password' }).click()
  await seen(page, 'Sign in')
  await logIn(page, email, next)
  await seen(page, 'Tasks')
})

test('loading the page of a link, as a scanner does, uses nothing', async (t) => {
  const { email } = await site.signedUp()
  const { mail } = await mailFor(email)
  const link = `/reset#token=${tokenOf(mail)}`
  const { page: scanner, asked } = await site.person()
  for (let i = 0; i < 3; i++) {
    await scanner.goto(link)
    await seen(scanner, 'Set a new password')
    await scanner.waitForLoadState('networkidle')
  }
  t.strictSame(
    asked.filter((request) => request.includes('password')),
    []
  )
  const { page } = await site.person()
  await page.goto(link)
  await field(page, 'New password').fill(next)
  await page.getByRole('button', { name: 'Set password' }).click()
  await seen(page, 'Sign in')
})

test('an address without an account gets the same page, and no mail', async (t) => {
  const { page } = await site.person()
  const email = `nobody-${crypto.randomUUID()}@example.com`
  await page.goto('/forgot')
  await field(page, 'Email').fill(email)
  await page.getByRole('button', { name: 'Send the mail' }).click()
  await seen(page, 'Check your mail')
  t.match(await page.getByRole('status').filter({ hasText: 'has an account' }).textContent(), email)
  // Mails are sent in order.
  await mailFor((await site.signedUp()).email)
  t.strictSame(smtp.to(email), [])
})
