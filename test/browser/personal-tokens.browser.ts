import type { Page } from 'playwright-core'
import t, { test } from 'tap'
import { shape } from '../../src/auth/personal-tokens/token-text.ts'
import { checkLooks, looks } from '../helpers/looks.ts'
import { eventually, field, loaded, openSite, password, seen } from '../helpers/site.ts'

const site = await openSite(t)
const rows = (page: Page) => page.getByRole('list', { name: 'Access tokens' }).getByRole('listitem')
const shown = (page: Page) => page.getByRole('region', { name: 'Your new access token' })
const create = (page: Page) => page.getByRole('button', { name: 'Create token' })

async function openTokens(page: Page) {
  await page.goto('/tokens')
  await seen(page, 'Access tokens')
  await loaded(page)
}

/** Fills the form in, and returns the token that is shown. */
async function make(page: Page, name = 'Backup script') {
  await field(page, 'Name').fill(name)
  await field(page, 'Read tasks').check()
  await create(page).click()
  await seen(page, 'Copy your access token')
  return (await shown(page).locator('code').textContent()) ?? ''
}

const done = async (page: Page) => {
  await shown(page).getByRole('button', { name: 'Done' }).click()
  await seen(page, 'Access tokens')
}

/** The status of a program's request. */
const use = async (token: string) =>
  (await fetch(`${site.url}/api/tasks`, { headers: { authorization: `Bearer ${token}` } })).status

test('a token is created, shown once, copied, used and ended, by keyboard only', async (t) => {
  const { page, context } = await site.signedUp()
  await context.grantPermissions(['clipboard-read', 'clipboard-write'])
  await openTokens(page)
  await page.getByText('You have none.').waitFor()
  await field(page, 'Name').focus()
  await page.keyboard.type('Backup script')
  await page.keyboard.press('Tab')
  await page.keyboard.press('Space')
  await page.keyboard.press('Enter')
  await seen(page, 'Copy your access token')
  const token = (await shown(page).locator('code').textContent()) ?? ''
  t.match(token, shape)
  await shown(page).getByRole('button', { name: 'Copy' }).focus()
  await page.keyboard.press('Enter')
  await page.getByText('Copied.').waitFor()
  t.equal(await page.evaluate(() => navigator.clipboard.readText()), token)
  t.equal(await use(token), 200)
  await shown(page).getByRole('button', { name: 'Done' }).focus()
  await page.keyboard.press('Enter')
  await seen(page, 'Access tokens')
  await rows(page).getByRole('heading', { name: 'Backup script' }).waitFor()
  t.match(await rows(page).textContent(), /Read tasks.*Created just now.*Not used yet.*Expires /)
  t.notOk((await page.content()).includes(token), 'it is not shown again')

  await rows(page).getByRole('button', { name: 'End Backup script' }).focus()
  await page.keyboard.press('Enter')
  const question = page.getByRole('dialog', { name: 'End the access token?' })
  await question.getByRole('button', { name: 'End' }).focus()
  await page.keyboard.press('Enter')
  await eventually(t, 'none is left', async () => (await rows(page).count()) === 0)
  t.equal(await use(token), 401)
  await page.goto('/activity')
  await page.getByRole('heading', { name: 'Access token ended' }).waitFor()
})

test('without a name or a scope the form says what is missing', async (t) => {
  const { page, asked } = await site.signedUp()
  await openTokens(page)
  await create(page).click()
  await page.getByText('Enter a name.').waitFor()
  await page.getByText('Choose what the program may do.').waitFor()
  await field(page, 'Read tasks').check()
  t.equal(await page.getByText('Choose what the program may do.').count(), 0)
  t.notOk(asked.includes('POST /api/auth/tokens'))
})

test('creating a token after a step-up refusal asks for the password, and then creates it', async (t) => {
  const { page } = await site.signedUp()
  let isRaised = false
  page.on('response', (response) => {
    if (response.url().endsWith('/step-up') && response.ok()) isRaised = true
  })
  const json = { status: 401, code: 'step_up_required', detail: 'Enter your password again' }
  await page.route('**/api/auth/tokens', (route) =>
    isRaised || route.request().method() === 'GET' ? route.continue() : route.fulfill({ status: 401, json })
  )
  await openTokens(page)
  await field(page, 'Name').fill('Script')
  await field(page, 'Add, change and delete tasks').check()
  await create(page).click()
  const dialog = page.getByRole('dialog', { name: 'Confirm that it is you' })
  await field(page, 'Your password').fill(password)
  await field(page, 'Your password').press('Enter')
  await dialog.waitFor({ state: 'detached' })
  await seen(page, 'Copy your access token')
  t.ok(isRaised)
})

test('a new password ends the tokens, and the page says so', async (t) => {
  const { page } = await site.signedUp()
  await openTokens(page)
  const token = await make(page)
  await done(page)
  await page.getByRole('link', { name: 'Password' }).click()
  await page.getByText(/your access tokens end/).waitFor()
  await field(page, 'Current password').fill(password)
  await field(page, 'New password').fill('another-horse-8')
  await page.getByRole('button', { name: 'Change password' }).click()
  await page.getByText('Your password was changed.').waitFor()
  t.equal(await use(token), 401)
  await page.getByRole('link', { name: 'Access tokens' }).click()
  await page.getByText('You have none.').waitFor()
})

for (const [look, options] of Object.entries(looks))
  test(`the page of access tokens is accessible and fits, ${look}`, async (t) => {
    const { page } = await site.signedUp(options)
    await openTokens(page)
    await create(page).click()
    await page.getByText('Enter a name.').waitFor()
    await checkLooks(t, page, `tokens-${look}`)
    await make(page, 'x'.repeat(100))
    await checkLooks(t, page, `tokens-made-${look}`)
    await done(page)
    await rows(page).first().waitFor()
    await checkLooks(t, page, `tokens-list-${look}`)
    await rows(page).getByRole('button').click()
    await page.getByRole('dialog').waitFor()
    await checkLooks(t, page, `tokens-end-${look}`)
  })
