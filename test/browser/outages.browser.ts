import type { Route } from 'playwright-core'
import t, { test } from 'tap'
import { add, eventually, field, openOwnSite, openSite, seen, task } from '../helpers/site.ts'

const site = await openSite(t)

test('pages wait for a server that restarts, and nobody has to log in again', async (t) => {
  const site = await openOwnSite(t)
  const { page, email } = await site.signedUp()
  await add(page, 'Before')
  // The page's code is loaded, the profile is not.
  await page.route('**/api/auth/profile', (route) => route.abort())
  await page.getByRole('link', { name: 'Account' }).click()
  await page.getByText('Your profile could not be loaded').waitFor()
  await page.getByRole('link', { name: 'Tasks' }).click()
  await seen(page, 'Tasks')
  await page.unroute('**/api/auth/profile')
  await site.stop()
  await task(page, 'Before').getByRole('checkbox').click()
  await page
    .getByRole('alert')
    .getByText(/is not responding/)
    .waitFor()
  await eventually(t, 'the change is rolled back', () =>
    task(page, 'Before')
      .getByRole('checkbox')
      .isChecked()
      .then((on) => !on)
  )
  await field(page, 'New task').fill('During')
  await page.getByRole('button', { name: 'Add', exact: true }).click()
  await page.getByText(/was not added/).waitFor()
  t.equal(await field(page, 'New task').inputValue(), 'During', 'what was written comes back')
  await page.getByRole('link', { name: 'Account' }).click()
  await page.getByText('Your profile could not be loaded').waitFor()

  await site.start()
  await page.getByRole('button', { name: 'Try again' }).click()
  await page.getByText(email).first().waitFor()
  await page.getByRole('link', { name: 'Tasks' }).click()
  await add(page, 'After')
  await task(page, 'Before').waitFor()
})

test('a page whose code could not be loaded opens when the server is back', async (t) => {
  const site = await openOwnSite(t)
  const { page, context } = await site.signedUp()
  await context.route('**/assets/**', (route) => route.abort())
  await page.getByRole('link', { name: 'Account' }).click()
  await page.getByText('This page could not be shown').waitFor()
  await site.stop()
  await page.getByRole('button', { name: 'Try again' }).click()
  await page.getByText('Gatehouse is not responding').waitFor()
  await page.getByText('This page could not be shown').waitFor()

  await site.start()
  await context.unroute('**/assets/**')
  await page.getByRole('button', { name: 'Try again' }).click()
  await seen(page, 'Profile')
  t.equal(page.url(), `${site.url}/profile`)
})

test('a page opened during a restart loads by its button, without signing in again', async (t) => {
  const { page } = await site.signedUp()
  await page.route('**/api/auth/refresh', (route) => route.abort())
  await page.reload()
  await page.getByText('Your session could not be loaded').waitFor({ timeout: 20_000 })
  await page.unroute('**/api/auth/refresh')
  await page.getByRole('button', { name: 'Try again' }).click()
  await seen(page, 'Tasks')
  t.equal(page.url(), `${site.url}/`)
})

test('changes made offline are kept, and sent when online again', async (t) => {
  const { page, context } = await site.signedUp()
  await add(page, 'Known')
  await context.setOffline(true)
  await page.getByText('You are offline.').waitFor()
  await task(page, 'Known').getByRole('checkbox').click()
  await field(page, 'New task').fill('Thought of in the tunnel')
  await page.getByRole('button', { name: 'Add', exact: true }).click()
  await task(page, 'Thought of in the tunnel').waitFor()
  t.ok(await task(page, 'Known').getByRole('checkbox').isChecked(), 'shown at once')
  await page.getByRole('button', { name: 'Sign out' }).click()
  await page.getByText('Sign out when you are online again.').waitFor()

  await context.setOffline(false)
  await page.getByText('You are back online.').waitFor()
  await eventually(t, 'sent', async () => (await page.getByText('Saving…').count()) === 0)
  await page.reload()
  await task(page, 'Thought of in the tunnel').waitFor()
  t.ok(await task(page, 'Known').getByRole('checkbox').isChecked())
})

test('a logout without an answer is reported, and can be repeated', async (t) => {
  const { page } = await site.signedUp()
  const stalled = new Promise<Route>((resolve) => void page.route('**/api/auth/logout', resolve))
  await page.getByRole('button', { name: 'Sign out' }).click()
  await page.getByRole('button', { name: 'Signing out…' }).waitFor()
  await (await stalled).abort()
  await page.getByText('You could not be signed out. Gatehouse is not responding.').waitFor()
  await page.unroute('**/api/auth/logout')
  await page.getByRole('button', { name: 'Sign out' }).click()
  await seen(page, 'Sign in')
  t.equal(page.url(), `${site.url}/login`)
})

test('a change that the server refuses is reverted with a notice', async (t) => {
  const { page } = await site.signedUp()
  await add(page, 'Steady')
  const problem = {
    type: 'about:blank',
    title: 'x',
    status: 500,
    code: 'internal_error',
    detail: 'Internal error',
    request_id: 'abc-12345'
  }
  await page.route('**/api/tasks/*', (route) =>
    route.fulfill({ status: 500, contentType: 'application/problem+json', body: JSON.stringify(problem) })
  )
  await task(page, 'Steady').getByRole('checkbox').click()
  await page.getByRole('alert').getByText('abc-12345').waitFor()
  await eventually(t, 'it is open again', async () => !(await task(page, 'Steady').getByRole('checkbox').isChecked()))
  await page.getByRole('button', { name: 'Edit “Steady”' }).click()
  await field(page, 'Title').fill('Unsteady')
  await page.getByRole('button', { name: 'Save' }).click()
  await eventually(t, 'the text is still there', async () => (await field(page, 'Title').inputValue()) === 'Unsteady')
  await page.getByRole('button', { name: 'Cancel' }).click()
  await task(page, 'Steady').waitFor()
})
