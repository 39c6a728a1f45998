import type { Page } from 'playwright-core'
import t, { test } from 'tap'
import { eventually, field, openSite, password } from '../helpers/site.ts'

const site = await openSite(t)

/** The accessible name of the focused element. */
const focused = (page: Page) =>
  page.evaluate(() => {
    const element = document.activeElement
    return element?.getAttribute('aria-label') ?? (element === document.body ? 'nothing' : element?.textContent)
  })

test('ending sessions by keyboard keeps the focus on the page', async (t) => {
  const { page, email } = await site.signedUp()
  for (const device of ['One', 'Two', 'Three', 'Four']) await site.signedIn(email, { userAgent: device })
  await page.goto('/sessions')
  const buttons = page.getByRole('button', { name: /^End the session/ })
  await buttons.nth(3).waitFor()
  const names = await Promise.all([0, 1, 2, 3].map((i) => buttons.nth(i).getAttribute('aria-label')))

  async function end(index: number, left: number) {
    await buttons.nth(index).focus()
    await page.keyboard.press('Enter')
    await eventually(t, `${left} left`, async () => (await buttons.count()) === left)
    return focused(page)
  }
  t.equal(await end(0, 3), names[1], 'the next one')
  t.equal(await end(2, 2), names[2], 'the one before, at the end')
  await page.getByRole('button', { name: 'End all other sessions' }).focus()
  await page.keyboard.press('Enter')
  await page.getByText('You are not signed in on any other device.').waitFor()
  t.equal(await focused(page), 'Sessions', 'the heading, when none is left')
})

test('changing the password by keyboard empties the form and keeps the focus', async (t) => {
  const { page } = await site.signedUp()
  await page.goto('/password')
  await field(page, 'Current password').fill(password)
  await page.getByRole('button', { name: 'Show new password' }).click()
  await field(page, 'New password').fill('another-horse-8')
  await page.locator('.rules [data-met=true]').nth(2).waitFor()
  await field(page, 'New password').press('Enter')
  await page.getByText('Your password was changed.').waitFor()
  await eventually(t, 'empty', async () => (await field(page, 'New password').inputValue()) === '')
  t.equal(await field(page, 'Current password').inputValue(), '')
  t.equal(await page.locator('.rules [data-met=true]').count(), 0, 'no rule is met by nothing')
  t.equal(await field(page, 'New password').getAttribute('type'), 'password', 'hidden again')
  t.equal(await page.evaluate(() => document.activeElement?.getAttribute('name')), 'new_password')
})
