import t, { test } from 'tap'
import { add, logIn, openSite, seen, task } from '../helpers/site.ts'

const site = await openSite(t)

test('what is said about tasks goes with their owner', async (t) => {
  const { page, email } = await site.signedUp()
  await add(page, 'Secret ring')
  await page.route('**/api/tasks/*', (route) => route.fulfill({ status: 500, body: '{}' }))
  await task(page, 'Secret ring').getByRole('checkbox').click()
  await page.getByText('“Secret ring” was not changed.').waitFor()
  await page.getByRole('button', { name: 'Log out' }).click()
  await seen(page, 'Log in')
  t.notMatch(await page.locator('body').textContent(), /Secret/)
  await logIn(page, email)
  await task(page, 'Secret ring').waitFor()
})

test('a deletion that another tab cut off is told, without its title', async (t) => {
  const { page, context } = await site.signedUp()
  await add(page, 'Secret ring')
  const other = await context.newPage()
  await other.goto('/')
  await task(other, 'Secret ring').waitFor()
  await page.getByRole('button', { name: 'Delete “Secret ring”' }).click()
  await other.getByRole('button', { name: 'Log out' }).click()
  await page.getByText('1 task was not deleted: you were logged out before.').waitFor()
  t.notMatch(await page.locator('body').textContent(), /Secret/)
})

test('a fault of a proxy, which names no request, is told without one', async (t) => {
  const { page } = await site.signedUp()
  await add(page, 'Steady')
  await page.route('**/api/tasks/*', (route) => route.fulfill({ status: 502, body: '<h1>Bad Gateway</h1>' }))
  await task(page, 'Steady').getByRole('checkbox').click()
  await page.getByText('“Steady” was not changed.').waitFor()
  t.match(await page.locator('.notice').textContent(), /Gatehouse has a fault\. Try again in a moment\.$/)
})
