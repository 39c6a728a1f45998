import { readFileSync } from 'node:fs'
import type { Page } from 'playwright-core'
import t, { test } from 'tap'
import { checkLooks, colors } from '../helpers/looks.ts'
import { eventually, field, openSite, password, seen } from '../helpers/site.ts'
import { mailSettings, startSmtp } from '../helpers/smtp.ts'

const smtp = await startSmtp(t)
const site = await openSite(t, mailSettings(smtp.url))

/** A token of a sign-in that is too old, as far as the next request tells. */
const refusal = {
  status: 401,
  contentType: 'application/problem+json',
  headers: {
    'www-authenticate': 'Bearer realm="gatehouse", error="insufficient_user_authentication", max_age=600'
  },
  body: JSON.stringify({ status: 401, code: 'step_up_required', detail: 'Enter your password again' })
}

/** Refuses changes of the address until the password was entered again. */
async function demandStepUp(page: Page) {
  let isRaised = false
  page.on('response', (response) => {
    if (response.url().endsWith('/step-up') && response.ok()) isRaised = true
  })
  await page.route('**/api/auth/email/change', (route) => (isRaised ? route.continue() : route.fulfill(refusal)))
}

async function ask(page: Page) {
  const next = `new-${crypto.randomUUID()}@example.com`
  await page.goto('/profile')
  await field(page, 'New email').fill(next)
  await field(page, 'New email').press('Enter')
  return next
}

const dialog = (page: Page) => page.getByRole('dialog', { name: 'Confirm that it is you' })
const focused = (page: Page) => page.evaluate(() => document.activeElement?.getAttribute('name'))

for (const colorScheme of ['light', 'dark'] as const)
  test(`a request that needs the password asks for it and is repeated, by keyboard only, ${colorScheme}`, async (t) => {
    const { page, asked } = await site.signedUp({ colorScheme, viewport: { width: 320, height: 640 } })
    const rules = colorScheme === 'dark' ? colors : undefined
    await demandStepUp(page)
    const next = await ask(page)
    await dialog(page).waitFor()
    await eventually(t, 'the password has the focus', async () => (await focused(page)) === 'password')
    await checkLooks(t, page, `step-up-${colorScheme}`, rules)
    await page.keyboard.press('Enter')
    await dialog(page).getByText('Enter your password.').waitFor()
    await page.keyboard.type('wrong-horse-7')
    await page.keyboard.press('Enter')
    await dialog(page).getByText('The password is incorrect.').waitFor()
    await checkLooks(t, page, `step-up-wrong-${colorScheme}`, rules)
    await page.keyboard.press('ControlOrMeta+a')
    await page.keyboard.type(password)
    await page.keyboard.press('Enter')
    await dialog(page).waitFor({ state: 'detached' })
    await page.getByText(`A mail is on its way to ${next}`).waitFor()
    await eventually(t, 'the focus returns', async () => (await focused(page)) === 'email')
    t.equal(asked.filter((request) => request === 'POST /api/auth/email/change').length, 2)
  })

test('Escape and Cancel leave everything as it was, and the next attempt asks again', async (t) => {
  const { page } = await site.signedUp()
  await demandStepUp(page)
  await ask(page)
  await dialog(page).waitFor()
  await page.keyboard.press('Escape')
  await dialog(page).waitFor({ state: 'detached' })
  await page.getByText('Nothing was changed: confirm first that it is you.').waitFor()
  await eventually(t, 'the focus returns', async () => (await focused(page)) === 'email')
  await page.getByRole('button', { name: 'Change email' }).click()
  await dialog(page).getByRole('button', { name: 'Cancel' }).click()
  await dialog(page).waitFor({ state: 'detached' })
  await page.getByRole('banner').getByText('Ann').waitFor()
})

test('signing out in another tab closes the dialog that asks for the password', async (t) => {
  const { page, context } = await site.signedUp()
  await demandStepUp(page)
  await ask(page)
  await dialog(page).waitFor()
  const tab = await context.newPage()
  await tab.goto('/')
  await tab.getByRole('button', { name: 'Sign out' }).click()
  await seen(page, 'Sign in')
  await eventually(t, 'no dialog', async () => (await dialog(page).count()) === 0)
})

test('a user downloads everything that is stored about them, after entering the password', async (t) => {
  const { page, email } = await site.signedUp()
  let isRaised = false
  page.on('response', (response) => {
    if (response.url().endsWith('/step-up') && response.ok()) isRaised = true
  })
  await page.route('**/api/auth/profile/export', (route) => (isRaised ? route.continue() : route.fulfill(refusal)))
  await page.goto('/profile')
  await page.getByRole('button', { name: 'Download data' }).click()
  await dialog(page).waitFor()
  await page.keyboard.press('Escape')
  await page.getByText('Your data was not downloaded.').waitFor()
  await page.getByRole('button', { name: 'Download data' }).click()
  await dialog(page).getByLabel('Your password', { exact: true }).fill(password)
  const saved = page.waitForEvent('download')
  await page.keyboard.press('Enter')
  const file = await saved
  await page.getByText('Your data was downloaded.').waitFor()
  t.equal(file.suggestedFilename(), 'gatehouse.json')
  const data = JSON.parse(readFileSync(await file.path(), 'utf8'))
  t.equal(data.user.email, email)
  t.ok(data.security_events.length > 0)
  await checkLooks(t, page, 'profile-downloaded')
})
