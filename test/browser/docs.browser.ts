import type { Page } from 'playwright-core'
import t, { test } from 'tap'
import { eventually, openSite, seen } from '../helpers/site.ts'

const site = await openSite(t)

/**
 * Opens an operation, presses Execute with the form as it is, and returns the status of the answer. Closes it, because
 * Swagger UI becomes slow with many open ones.
 */
async function execute(page: Page, link: string): Promise<number> {
  const block = page.locator(`[id="operations-${link.replace('/', '-')}"]`)
  const summary = block.locator('.opblock-summary-control')
  await summary.click()
  const answered = page.waitForResponse((response) => /^\/(api|health)/.test(new URL(response.url()).pathname))
  await block.locator('button.execute').click()
  const status = (await answered).status()
  await block.locator('.live-responses-table .response-col_status', { hasText: String(status) }).waitFor()
  await summary.click()
  return status
}

const inOrder = [
  ...['auth/register', 'auth/register', 'auth/login', 'auth/refresh', 'auth/getMe'],
  ...['profile/getProfile', 'profile/updateProfile', 'profile/changePassword', 'auth/login'],
  ...['sessions/listSessions', 'sessions/endSession', 'sessions/endOtherSessions', 'sessions/listActivity'],
  ...['tasks/createTask', 'tasks/listTasks', 'tasks/getTask', 'tasks/updateTask', 'tasks/completeTask'],
  ...['user-tasks/listUserTasks', 'user-tasks/getUserTask', 'user-tasks/updateUserTask'],
  ...['user-tasks/completeUserTask', 'tasks/deleteTask', 'user-tasks/createUserTask', 'user-tasks/deleteUserTask'],
  ...['auth/logout', 'auth/login', 'profile/deleteAccount', 'health/getHealth']
]

test('every operation of the API documentation succeeds when it is executed unchanged, and calls no other host', async (t) => {
  const { page, context } = await site.person()
  const foreign: string[] = []
  context.on('request', (request) => {
    if (!request.url().startsWith(site.url) && !request.url().startsWith('data:')) foreign.push(request.url())
  })
  await page.goto('/docs')
  for (const link of inOrder) t.match(String(await execute(page, link)), /^2/, link)
  t.strictSame(foreign, [], 'no request to another host')
})

test('an authorization outlives a reload, until the session is logged out', async (t) => {
  const { page } = await site.person()
  await page.goto('/docs')
  t.equal(await execute(page, 'auth/getMe'), 401)
  t.equal(await execute(page, 'auth/register'), 201)
  await page.reload()
  t.equal(await execute(page, 'auth/getMe'), 200)
  t.equal(await execute(page, 'auth/logout'), 200)
  await page.reload()
  t.equal(await execute(page, 'auth/getMe'), 401)
})

const background = (page: Page) => page.evaluate(() => getComputedStyle(document.body).backgroundColor)

test('the page follows the theme of the system, and the one chosen in the app', async (t) => {
  const { page } = await site.person({ colorScheme: 'dark' })
  await page.goto('/docs')
  await page.getByText('Open the app').waitFor()
  const dark = await background(page)
  t.not(dark, 'rgb(255, 255, 255)')
  await page.emulateMedia({ colorScheme: 'light' })
  await eventually(t, 'light', async () => (await background(page)) === 'rgb(255, 255, 255)')
  await page.evaluate(() => localStorage.setItem('theme', 'dark'))
  await page.reload()
  await eventually(t, 'dark', async () => (await background(page)) === dark)
})

test('the page links to the contract and to the app, which links back', async (t) => {
  const { page } = await site.person()
  await page.goto('/docs')
  for (const name of ['openapi.yaml', 'openapi.json']) {
    const href = await page.getByRole('link', { name, exact: true }).getAttribute('href')
    t.equal((await page.request.get(String(href))).status(), 200, name)
  }
  await page.getByRole('link', { name: 'Open the app' }).click()
  await seen(page, 'Sign in')
  await page.getByRole('link', { name: 'API documentation' }).click()
  await page.getByText('Open the app').waitFor()
})

test('on a phone nothing is wider than the screen, also not an open operation with its answer', async (t) => {
  const { page } = await site.person({ viewport: { width: 390, height: 844 } })
  await page.goto('/docs')
  const block = page.locator('#operations-auth-register')
  await block.locator('.opblock-summary-control').click()
  await block.getByRole('button', { name: 'Execute' }).click()
  await block.locator('.live-responses-table').waitFor()
  t.equal(await page.evaluate(() => document.documentElement.scrollWidth), 390)
})
