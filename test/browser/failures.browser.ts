import t, { test } from 'tap'
import { checkLooks } from '../helpers/looks.ts'
import { add, eventually, field, logIn, openSite, seen, task } from '../helpers/site.ts'
import { hold } from '../helpers/traffic.ts'

const site = await openSite(t)
const problem = (status: number, code: string) => ({
  status,
  contentType: 'application/problem+json',
  body: JSON.stringify({ status, code, detail: 'No', request_id: 'abc-12345' })
})

test('a task that is not saved or not added is reported as a failure, not with a tick', async (t) => {
  const { page } = await site.signedUp()
  await add(page, 'Steady')
  await page.getByRole('button', { name: 'Edit “Steady”' }).click()
  await field(page, 'Title').fill('Unsteady')
  const saving = await hold(page, 'PUT', /\/api\/tasks/)
  await page.getByRole('button', { name: 'Save' }).click()
  await saving.held
  saving.letGo(500)
  await page.locator('.notice.trouble').getByText('“Steady” was not saved.').waitFor()
  const adding = await hold(page, 'POST', /\/api\/tasks/)
  await field(page, 'New task').fill('Refused')
  await page.getByRole('button', { name: 'Add', exact: true }).click()
  await adding.held
  adding.letGo(500)
  await page.locator('.notice.trouble').getByText('“Refused” was not added').waitFor()
  await page.route('**/api/tasks/*', (route) => route.fulfill(problem(404, 'not_found')))
  await page.getByRole('button', { name: 'Cancel' }).click()
  await task(page, 'Steady').getByRole('checkbox').click()
  await page.locator('.notice.trouble').getByText('“Steady” was deleted on another device.').waitFor()
  t.equal(await page.locator('.notice:not(.trouble)').count(), 0)
})

test('after signing in again the page no longer says that the session has ended', async (t) => {
  const { page, email } = await site.signedUp()
  await add(page, 'Steady')
  await page.route('**/api/**', (route) => route.fulfill(problem(401, 'token_revoked')))
  await task(page, 'Steady').getByRole('checkbox').click()
  await page.locator('.notice').getByText('“Steady” was not changed. Your session has ended.').waitFor()
  await page.unroute('**/api/**')
  await logIn(page, email)
  await seen(page, 'Tasks')
  await page.getByRole('button', { name: 'Edit “Steady”' }).click()
  await field(page, 'Title').fill('Unsteady')
  await page.route('**/api/**', (route) => route.fulfill(problem(401, 'token_revoked')))
  await page.getByRole('button', { name: 'Save' }).click()
  await seen(page, 'Sign in')
  await page.unroute('**/api/**')
  await logIn(page, email)
  await page.getByText('Your session ended before the task was saved. Save it again.').waitFor()
  await eventually(
    t,
    'nothing says so',
    async () => !/session has ended/.test((await page.locator('body').textContent()) ?? '')
  )
})

test('a page of another account says so, and leads to signing in as that one', async (t) => {
  const { page, email } = await site.signedUp()
  const other = await site.signedUp()
  await page.route('**/api/auth/sessions', (route) => route.fulfill(problem(403, 'forbidden')))
  await page.goto('/sessions')
  await page.getByRole('heading', { name: 'This page belongs to another account' }).waitFor()
  await page.getByText(`You are signed in as ${email}.`).waitFor()
  await checkLooks(t, page, 'another-account')
  await page.unroute('**/api/auth/sessions')
  await page.getByRole('button', { name: 'Switch account' }).click()
  await logIn(page, other.email)
  await seen(page, 'Sessions')
  await page.getByText('This device').waitFor()
})

test('a page opened offline says so, and opens when the browser is online again', async (t) => {
  const { page, context } = await site.signedUp()
  // Before the code of the other pages is loaded.
  await page.clock.setFixedTime(Date.now())
  await page.reload()
  await seen(page, 'Tasks')
  await context.setOffline(true)
  await page.getByText('You are offline.').waitFor()
  await field(page, 'New task').fill('Unsent')
  await page.getByRole('link', { name: 'Account' }).click()
  await page.getByText('This page opens when you are online again.').waitFor()
  await page.getByRole('link', { name: 'Tasks' }).click()
  t.equal(await field(page, 'New task').inputValue(), 'Unsent')
  await page.getByRole('link', { name: 'Account' }).click()
  await page.getByRole('button', { name: 'Sign out' }).click()
  await page.getByText('Sign out when you are online again.').or(page.getByText('You are offline. Sign out')).waitFor()
  await context.setOffline(false)
  await seen(page, 'Profile')
  await field(page, 'Name').waitFor()
  await eventually(t, 'no alert is left', async () => (await page.locator('.notice.trouble').count()) === 0)
  await page.getByRole('link', { name: 'Tasks' }).click()
  t.equal(await field(page, 'New task').inputValue(), 'Unsent')
})

test('the sign-in page works without a part whose code cannot be loaded, and gets it later', async (t) => {
  const { page, context, email } = await site.signedUp()
  const part = '**/assets/PasskeyLogIn-*.js'
  let failures = 0
  await page.route(part, (route) => {
    failures += 1
    return route.abort('internetdisconnected')
  })
  await context.clearCookies()
  await page.goto('/login')
  await seen(page, 'Sign in')
  await eventually(t, 'the code is asked for again', async () => failures > 1)
  await field(page, 'Email').fill(email)
  const loaded = page.waitForResponse(part)
  await page.unroute(part)
  t.equal((await loaded).status(), 200)
  t.equal(await field(page, 'Email').inputValue(), email, 'what was typed stays')
  await logIn(page, email)
  await seen(page, 'Tasks')
})

test('a failed sign-in and a failed restore disappear when the browser is online again', async (t) => {
  const { page, context, email } = await site.signedUp()
  await page.route('**/api/auth/refresh', (route) => route.abort())
  await page.goto('/profile')
  await page.getByText('Your session could not be loaded').waitFor()
  await page.unroute('**/api/auth/refresh')
  await context.setOffline(true)
  await page.getByText('You are offline.').waitFor()
  await context.setOffline(false)
  await seen(page, 'Profile')
  await page.getByRole('button', { name: 'Sign out' }).click()
  await seen(page, 'Sign in')
  await context.setOffline(true)
  await logIn(page, email)
  const alert = page.getByText('Gatehouse is not responding.')
  await alert.waitFor()
  await context.setOffline(false)
  await alert.waitFor({ state: 'detached' })
  t.equal(await field(page, 'Email').inputValue(), email)
})
