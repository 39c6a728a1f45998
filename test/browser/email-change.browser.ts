import t, { test } from 'tap'
import { checkLooks } from '../helpers/looks.ts'
import { codeOf, pathOf } from '../helpers/mailbox.ts'
import { eventually, field, logIn, openSite, type Person, password, seen } from '../helpers/site.ts'
import { mailSettings, startSmtp } from '../helpers/smtp.ts'
import { until } from '../helpers/wait.ts'

const smtp = await startSmtp(t)
const site = await openSite(t, { ...mailSettings(smtp.url), EMAIL_VERIFICATION: 'off' })
const press = (page: Person['page'], name: string) => page.getByRole('button', { name, exact: true }).click()
const mailTo = async (email: string, count = 1) => {
  const mail = await until(`mail ${count} to ${email}`, () => smtp.to(email)[count - 1])
  return { subject: mail.subject, text: mail.text ?? '' }
}
const narrow = { viewport: { width: 320, height: 640 }, colorScheme: 'dark' } as const

/** Asks for another address on the profile page. */
async function askFor(page: Person['page'], next: string) {
  await page.goto('/profile')
  await field(page, 'New email').fill(next)
  await press(page, 'Change email')
  await page.getByText(`A mail is on its way to ${next}`).waitFor()
}

const newAddress = () => `new-${crypto.randomUUID()}@example.com`

test('an address is changed by the link of a mail to the new one, opened in another browser', async (t) => {
  const { page, email } = await site.signedUp()
  const next = newAddress()
  await page.goto('/profile')
  await field(page, 'New email').fill('nobody')
  await press(page, 'Change email')
  await page.getByText('Enter an email address such as ann@example.com.').waitFor()
  await field(page, 'New email').fill(email.toUpperCase())
  await press(page, 'Change email')
  await page.getByText('This is your address already.').waitFor()
  // So that the countdown stays where it begins.
  await page.clock.setFixedTime(Date.now())
  await askFor(page, next)
  t.match(await page.getByRole('button', { name: /Try again in/ }).textContent(), /0:5\d|1:00/)
  await page.getByRole('link', { name: 'Sessions' }).click()
  await page.getByRole('link', { name: 'Profile' }).click()
  await page.getByText(`A mail is on its way to ${next}`).waitFor()
  await checkLooks(t, page, 'profile-changing')
  await page.getByText(email).first().waitFor()

  const link = pathOf(await mailTo(next))
  const phone = await site.person(narrow)
  await phone.page.goto(link)
  await seen(phone.page, 'Confirm your new email address')
  await phone.page.waitForLoadState('networkidle')
  t.strictSame(
    phone.asked.filter((request) => request.includes('email')),
    [],
    'opening the link uses nothing'
  )
  await checkLooks(t, phone.page, 'confirm-narrow')
  await press(phone.page, 'Change address')
  await seen(phone.page, 'Your email address is changed')
  await checkLooks(t, phone.page, 'confirm-done-narrow')
  await phone.page.getByRole('link', { name: 'Go to your profile' }).click()
  await logIn(phone.page, next)
  await phone.page.getByText('Confirmed', { exact: true }).waitFor()

  await page.reload()
  await page.getByText(next).waitFor()
  t.equal(await page.getByText('A mail is on its way').count(), 0)
  await page.goto(link)
  await press(page, 'Change address')
  await seen(page, 'This link is no longer valid')
})

test('the page that confirms a change, where the user is signed in, shows the new address in all tabs', async (t) => {
  const { page, context } = await site.signedUp()
  const next = newAddress()
  await askFor(page, next)
  const tab = await context.newPage()
  await tab.goto(pathOf(await mailTo(next)))
  await press(tab, 'Change address')
  await seen(tab, 'Your email address is changed')
  for (const each of [tab, page]) await each.getByTitle(next).waitFor()
  await page.getByText(next).first().waitFor()
  await page.getByText('A mail is on its way').waitFor({ state: 'detached' })
  t.equal(page.url(), `${site.url}/profile`, 'the other tab stays where it is')
})

test('the code of the mail, entered where the user asked, changes the address too', async (t) => {
  const { page } = await site.signedUp()
  const next = newAddress()
  await askFor(page, next)
  const form = page.getByRole('form', { name: 'Enter the code of the mail to the new address' })
  const code = codeOf(await mailTo(next))
  await press(page, 'Confirm new email')
  await form.getByText('Enter the code of the mail.').waitFor()
  await form.getByLabel('Code').fill(code === '0000 0000' ? '1111 1111' : '0000 0000')
  await press(page, 'Confirm new email')
  await form.getByText('This code is wrong, or no longer valid.').waitFor()
  await checkLooks(t, page, 'profile-changing-code')
  await form.getByLabel('Code').fill(code)
  await press(page, 'Confirm new email')
  await page.getByText('Your email address is changed.').waitFor()
  await form.waitFor({ state: 'detached' })
  await page.getByTitle(next).waitFor()
  await page.getByText('Confirmed', { exact: true }).waitFor()
  await eventually(t, 'the focus stays on the page', () =>
    page.locator('h1').evaluate((heading) => heading === document.activeElement)
  )
})

test('an address that somebody else got meanwhile is not taken from them', async (t) => {
  const { page } = await site.signedUp()
  const next = newAddress()
  await askFor(page, next)
  const link = pathOf(await mailTo(next))
  const rival = await site.person()
  await rival.page.goto('/signup')
  await field(rival.page, 'Name').fill('Bea')
  await field(rival.page, 'Email').fill(next)
  await field(rival.page, 'Password').fill(password)
  await press(rival.page, 'Sign up')
  await seen(rival.page, 'Tasks')
  await page.goto(link)
  await press(page, 'Change address')
  await seen(page, 'This address has another account')
  await rival.page.reload()
  await seen(rival.page, 'Tasks')
  t.ok(await rival.page.getByTitle(next).isVisible(), 'the other one is signed in with it')
})

test('the owner of the old address cancels a change, or undoes it, and is led to a new password', async (t) => {
  for (const isConfirmed of [false, true]) {
    const { page, email } = await site.signedUp()
    const next = newAddress()
    await askFor(page, next)
    if (isConfirmed) {
      await page.goto(pathOf(await mailTo(next)))
      await press(page, 'Change address')
      await seen(page, 'Your email address is changed')
    }
    const link = pathOf(await mailTo(email, isConfirmed ? 2 : 1))
    const owner = await site.person(narrow)
    await owner.page.goto(link)
    await seen(owner.page, 'Cancel the change of address?')
    await owner.page.waitForLoadState('networkidle')
    t.strictSame(
      owner.asked.filter((request) => request.includes('email')),
      [],
      'opening the link uses nothing'
    )
    await checkLooks(t, owner.page, 'cancel-narrow')
    await press(owner.page, 'Cancel the change')
    await seen(owner.page, 'The change is cancelled')
    await checkLooks(t, owner.page, 'cancel-done-narrow')
    await owner.page.getByRole('link', { name: 'Set a new password' }).click()
    await seen(owner.page, 'Forgot your password?')
    await owner.page.goto(link)
    await press(owner.page, 'Cancel the change')
    await seen(owner.page, 'This link is no longer valid')

    await page.goto('/profile')
    await seen(page, 'Sign in')
    await logIn(page, email)
    await seen(page, 'Profile')
  }
})

test('cancelling in the browser that is signed in signs out there', async (t) => {
  const { page, email } = await site.signedUp()
  const next = newAddress()
  await askFor(page, next)
  await page.goto(pathOf(await mailTo(email)))
  await page.getByRole('button', { name: 'Sign out' }).waitFor()
  await press(page, 'Cancel the change')
  await seen(page, 'The change is cancelled')
  await page.getByRole('button', { name: 'Sign out' }).waitFor({ state: 'detached' })
  t.equal(await page.getByRole('button', { name: 'Sign out' }).count(), 0)
})
