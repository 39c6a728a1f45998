import type { Page } from 'playwright-core'
import t, { test } from 'tap'
import { checkLooks } from '../helpers/looks.ts'
import { codeOf, pathOf } from '../helpers/mailbox.ts'
import { eventually, field, logIn, openSite, password, seen } from '../helpers/site.ts'
import { mailSettings, startSmtp } from '../helpers/smtp.ts'
import { until } from '../helpers/wait.ts'

const smtp = await startSmtp(t)
const settings = { ...mailSettings(smtp.url), EMAIL_VERIFICATION: 'soft' }
const press = (page: Page, name: string) => page.getByRole('button', { name, exact: true }).click()
const mailTo = async (email: string, count = 1) => {
  const mail = await until(`mail ${count} to ${email}`, () => smtp.to(email)[count - 1])
  return { subject: mail.subject, text: mail.text ?? '' }
}
const hasFocus = (element: Element) => element === document.activeElement
const narrow = { viewport: { width: 320, height: 640 }, colorScheme: 'dark' } as const

test('an address is confirmed by the link of a mail: in this browser, in another one, and only once', async (t) => {
  const site = await openSite(t, settings)
  const here = await site.signedUp()
  const link = pathOf(await mailTo(here.email))
  t.match(link, '/verify#token=')
  await here.page.goto('/profile')
  await here.page.getByText('Not confirmed').waitFor()

  const phone = await site.person(narrow)
  for (let i = 0; i < 2; i++) {
    await phone.page.goto(link)
    await phone.page.reload()
    await seen(phone.page, 'Confirm your email address')
    await phone.page.waitForLoadState('networkidle')
  }
  t.strictSame(
    phone.asked.filter((request) => request.includes('email')),
    [],
    'opening the link uses nothing'
  )
  await checkLooks(t, phone.page, 'verify-narrow')
  await phone.page.keyboard.press('Tab')
  await phone.page.getByRole('button', { name: 'Confirm address' }).focus()
  await phone.page.keyboard.press('Enter')
  await seen(phone.page, 'Your address is confirmed')
  await eventually(t, 'the focus is on the heading', () => phone.page.locator('h1').evaluate(hasFocus))
  await phone.page.getByRole('link', { name: 'Sign in' }).waitFor()
  await checkLooks(t, phone.page, 'verify-done-narrow')

  await here.page.reload()
  await here.page.getByText('Confirmed', { exact: true }).waitFor()
  await here.page.goto(link)
  await press(here.page, 'Confirm address')
  await seen(here.page, 'This link is no longer valid')
  await here.page.getByRole('link', { name: 'See the state of your address' }).click()
  await seen(here.page, 'Profile')

  const other = await site.signedUp()
  await other.page.goto(pathOf(await mailTo(other.email)))
  await press(other.page, 'Confirm address')
  await seen(other.page, 'Your address is confirmed')
  await other.page.getByRole('link', { name: 'Go to your tasks' }).click()
  await seen(other.page, 'Tasks')
})

test('the profile sends the mail again, which replaces the older one, and takes its code', async (t) => {
  const site = await openSite(t, settings)
  const { page, email } = await site.signedUp()
  const first = await mailTo(email)
  // So that the countdown stays where it begins.
  await page.clock.setFixedTime(Date.now())
  await page.goto('/profile')
  await press(page, 'Send the mail again')
  await page.getByText('A new mail is on its way.').waitFor()
  t.match(await page.getByRole('button', { name: /Try again in/ }).textContent(), /0:5\d|1:00/)
  const second = await mailTo(email, 2)

  const { page: phone } = await site.person()
  await phone.goto(pathOf(first))
  await press(phone, 'Confirm address')
  await seen(phone, 'This link is no longer valid')
  await phone.getByRole('link', { name: 'See the state of your address' }).click()
  await logIn(phone, email)
  await seen(phone, 'Profile')
  await phone.getByText('Not confirmed').waitFor()
  // A second link in the same tab changes only the fragment.
  await phone.goto(pathOf(first))
  await seen(phone, 'Confirm your email address')
  await press(phone, 'Confirm address')
  await seen(phone, 'This link is no longer valid')
  await phone.goto('/verify#token=short')
  await seen(phone, 'Confirm your email address')
  await phone.goto('/verify')
  await seen(phone, 'This link is incomplete')

  await press(page, 'Confirm address')
  await page.getByText('Enter the code of the mail.').waitFor()
  await field(page, 'Code').fill('0000 0000')
  await press(page, 'Confirm address')
  await page.getByText('This code is wrong, or no longer valid.').waitFor()
  await page.getByRole('banner').getByText('Ann').waitFor()
  await field(page, 'Code').fill(codeOf(second))
  await field(page, 'Code').press('Enter')
  await page.getByText('Your email address is confirmed.').waitFor()
  await page.getByText('Confirmed', { exact: true }).waitFor()
  t.equal(await field(page, 'Code').count(), 0)
  await eventually(t, 'the focus stays on the page', () => page.locator('h1').evaluate(hasFocus))
})

/** Signs up where a mail must be answered first. */
async function signUp(page: Page, email: string) {
  await page.goto('/signup')
  await field(page, 'Name').fill('Ann')
  await field(page, 'Email').fill(email)
  await field(page, 'Password').fill(password)
  await press(page, 'Sign up')
  await seen(page, 'Check your mail')
  await page.getByText(email).waitFor()
}

test('where confirmation is required, signing up and in lead to the mail, and its code signs in', async (t) => {
  const site = await openSite(t, { ...settings, EMAIL_VERIFICATION: 'required' })
  const { page, email } = await site.person(narrow)
  await page.clock.setFixedTime(Date.now())
  await signUp(page, email)
  t.match(await page.getByRole('button', { name: /Try again in/ }).textContent(), /0:5\d|1:00/)
  await checkLooks(t, page, 'check-mail-narrow')
  await mailTo(email)

  const other = await site.person()
  await other.page.clock.install()
  await other.page.goto('/login?next=%2Fprofile')
  await logIn(other.page, email)
  await seen(other.page, 'Check your mail')
  await other.page.getByText('Your address is not confirmed yet.').waitFor()
  await mailTo(email, 2)
  await other.page.clock.runFor(61_000)
  await press(other.page, 'Send the mail again')
  await other.page.getByText('A new mail is on its way.').waitFor()
  const third = await mailTo(email, 3)
  await other.page.clock.runFor(61_000)
  await press(other.page, 'Back to signing in')
  await logIn(other.page, email)
  await seen(other.page, 'Check your mail')
  const fourth = await mailTo(email, 4)
  await field(other.page, 'Code').fill(codeOf(third))
  await press(other.page, 'Confirm and sign in')
  await other.page.getByText('This code is wrong, or no longer valid.').waitFor()
  await field(other.page, 'Code').fill(codeOf(fourth))
  await press(other.page, 'Confirm and sign in')
  await seen(other.page, 'Profile')
  await other.page.getByText('Confirmed', { exact: true }).waitFor()

  const again = await site.person()
  await again.page.clock.install()
  await signUp(again.page, again.email)
  await mailTo(again.email)
  await again.page.clock.runFor(61_000)
  await press(again.page, 'Send the mail again')
  await mailTo(again.email, 2)
  await again.page.goto(pathOf(await mailTo(again.email, 2)))
  await press(again.page, 'Confirm address')
  await seen(again.page, 'Your address is confirmed')
  await again.page.getByRole('link', { name: 'Sign in' }).click()
  await logIn(again.page, again.email)
  await seen(again.page, 'Tasks')
})

test('private sign-up shows the same page for a free and for a taken address', async (t) => {
  const site = await openSite(t, { ...settings, PRIVATE_SIGN_UP: 'true' })
  const { page, email } = await site.person()
  await page.clock.install()
  await signUp(page, email)
  await mailTo(email)
  await page.clock.runFor(61_000)
  await press(page, 'Send the mail again')
  await page.getByText('A new mail is on its way.').waitFor()
  await field(page, 'Code').fill(codeOf(await mailTo(email, 2)))
  await press(page, 'Confirm and sign in')
  await seen(page, 'Tasks')

  const stranger = await site.person()
  await signUp(stranger.page, email)
  const { text } = await mailTo(email, 3)
  t.equal(pathOf({ text }), '')
  await field(stranger.page, 'Code').fill('0000 0000')
  await press(stranger.page, 'Confirm and sign in')
  await stranger.page.getByText('This code is wrong, or no longer valid.').waitFor()
})
