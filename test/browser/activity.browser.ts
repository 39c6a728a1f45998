import type { Page } from 'playwright-core'
import t, { test } from 'tap'
import { checkLooks, looks } from '../helpers/looks.ts'
import { eventually, loaded, openSite, seen } from '../helpers/site.ts'

const site = await openSite(t)

const rows = (page: Page) => page.getByRole('list', { name: 'Activity' }).getByRole('listitem')
const dialog = (page: Page) => page.getByRole('dialog', { name: 'Was this not you?' })

const strange = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:145.0) Gecko/20100101 Firefox/145.0'

async function open(page: Page) {
  await page.goto('/activity')
  await seen(page, 'Activity')
  await loaded(page)
}

/** Somebody who tries a wrong password, and then knows the right one. */
async function burgle(email: string) {
  const { context } = await site.person({ userAgent: strange })
  const headers = { 'user-agent': strange }
  await context.request.post('/api/auth/login', { headers, data: { email, password: 'wrong-horse-7' } })
  return site.signedIn(email, { userAgent: strange })
}

test('the list says what happened, when, from where and with which browser', async (t) => {
  const { page, email } = await site.signedUp()
  await burgle(email)
  // So that it stays just now.
  await page.clock.setFixedTime(Date.now())
  await open(page)
  t.equal(await rows(page).count(), 3)
  t.strictSame(await rows(page).locator('h2').allTextContents(), ['Signed in ', 'Sign-in failed ', 'Signed up '])
  for (const text of ['just now', 'From 127.0.0.1', 'Firefox on Windows'])
    await rows(page).nth(1).getByText(text, { exact: true }).waitFor()
})

test('"This was not me" ends all other sessions and leads to a new password, by keyboard only', async (t) => {
  const { page, email } = await site.signedUp()
  const burglar = await burgle(email)
  await burglar.page.goto('/')
  await seen(burglar.page, 'Tasks')
  await open(page)
  await rows(page)
    .first()
    .getByRole('button', { name: /^This was not me: Signed in/ })
    .focus()
  await page.keyboard.press('Enter')
  await dialog(page).getByText('Signed in').waitFor()
  await dialog(page).getByText('Firefox on Windows').waitFor()
  await page.keyboard.press('Escape')
  await dialog(page).waitFor({ state: 'detached' })
  const hasFocus = (element: Element) => element === document.activeElement
  t.ok(await rows(page).first().getByRole('button').evaluate(hasFocus), 'the focus returns')
  await page.keyboard.press('Enter')
  await dialog(page).getByRole('button', { name: 'Sign out all other devices' }).focus()
  await page.keyboard.press('Enter')
  await seen(page, 'Change password')
  await page.getByText('All other sessions were ended. Now set a new password.').waitFor()
  await burglar.page.goto('/sessions')
  await seen(burglar.page, 'Sign in')
  await open(page)
  await rows(page).first().getByText('All other sessions were ended').waitFor()
})

test('a refusal stays in the dialog, which can try again', async (t) => {
  const { page } = await site.signedUp()
  await open(page)
  await page.route('**/api/auth/sessions', (route) => route.fulfill({ status: 500, body: '{}' }))
  await rows(page).first().getByRole('button').click()
  await dialog(page).getByRole('button', { name: 'Sign out all other devices' }).click()
  await dialog(page).getByText('Something went wrong on the server.').waitFor()
  t.ok(await dialog(page).isVisible())
})

const entry = (i: number, more: object) => ({
  id: `0197a3c2-8a11-7c42-9b0e-${String(i).padStart(12, '0')}`,
  at: new Date(Date.now() - i * 40_000_000).toISOString(),
  event: 'login',
  ip: '2001:db8:1:2::',
  user_agent: strange,
  session_id: null,
  times: 1,
  ...more
})
const varied = [
  { event: 'password.reset', user_agent: 'curl/8.5.0' },
  { event: 'login.failed', times: 320, ip: null, user_agent: null },
  { event: 'login.throttled' },
  { event: 'refresh.reused' },
  { event: 'email.cancelled' },
  { event: 'of.a.later.release' },
  {}
].map((more, i) => entry(i, more))

test('the next page follows on request, and again after a failure', async (t) => {
  const { page } = await site.signedUp()
  let isDown = true
  await page.route('**/api/auth/activity*', (route) => {
    const isNext = route.request().url().includes('cursor=next')
    if (isNext && isDown) return route.fulfill({ status: 400, json: { status: 400, code: 'validation_failed' } })
    return route.fulfill({
      json: isNext ? { items: [entry(100, {})], next_cursor: null } : { items: varied, next_cursor: 'next' }
    })
  })
  await open(page)
  t.equal(await rows(page).count(), varied.length)
  await page.getByRole('button', { name: 'Show more' }).click()
  await page.getByText('More could not be loaded.').waitFor()
  isDown = false
  await page.getByRole('button', { name: 'Try again' }).click()
  await eventually(t, 'one more', async () => (await rows(page).count()) === varied.length + 1)
  t.equal(await page.getByRole('button', { name: 'Show more' }).count(), 0)
})

for (const [look, options] of Object.entries(looks))
  test(`activity and its dialog are accessible and fit, ${look}`, async (t) => {
    const { page } = await site.signedUp(options)
    await page.route('**/api/auth/activity*', (route) =>
      route.fulfill({ json: { items: varied, next_cursor: 'next' } })
    )
    await open(page)
    await checkLooks(t, page, `activity-${look}`)
    await rows(page).nth(1).getByRole('button').click()
    await dialog(page).waitFor()
    await checkLooks(t, page, `activity-not-me-${look}`)
  })

test('the list of sessions says how each was opened', async (t) => {
  const { page, email } = await site.signedUp()
  await site.signedIn(email)
  const answer = page.waitForResponse('**/api/auth/sessions')
  await page.goto('/sessions')
  const { items } = await (await answer).json()
  await loaded(page)
  const session = page.getByRole('list', { name: 'Sessions' }).getByRole('listitem')
  t.match(await session.allTextContents(), [
    /Signed in just now with your password/,
    /Signed in just now with your password/
  ])
  const methods = [['hwk', 'mfa'], ['pwd', 'otp', 'mfa'], ['pwd'], null]
  const sessions = methods.map((amr, i) => ({ ...items[0], id: crypto.randomUUID(), current: i === 0, amr }))
  await page.route('**/api/auth/sessions', (route) => route.fulfill({ json: { items: sessions } }))
  await page.reload()
  await loaded(page)
  t.match(await session.allTextContents(), [
    /now with a passkey$/,
    /now with your password and a code/,
    /now with your password(?! and)/,
    /Signed in just now\s*End$/
  ])
  await checkLooks(t, page, 'sessions-methods')
})
