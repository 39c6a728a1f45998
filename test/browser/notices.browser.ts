import type { Route } from 'playwright-core'
import t, { test } from 'tap'
import { add, eventually, logIn, openSite, prolongUndo, seen, task } from '../helpers/site.ts'

const site = await openSite(t)

test('notices about tasks disappear when their owner signs out', async (t) => {
  const { page, email } = await site.signedUp()
  await add(page, 'Secret ring')
  await page.route('**/api/tasks/*', (route) => route.fulfill({ status: 500, body: '{}' }))
  await task(page, 'Secret ring').getByRole('checkbox').click()
  await page.getByText('“Secret ring” was not changed.').waitFor()
  await page.getByRole('button', { name: 'Sign out' }).click()
  await seen(page, 'Sign in')
  t.notMatch(await page.locator('body').textContent(), /Secret/)
  await logIn(page, email)
  await task(page, 'Secret ring').waitFor()
})

test('a deletion that another tab prevented is reported without its title', async (t) => {
  const { page, context } = await site.signedUp()
  await prolongUndo(page)
  await add(page, 'Secret ring')
  const other = await context.newPage()
  await other.goto('/')
  await task(other, 'Secret ring').waitFor()
  await page.getByRole('button', { name: 'Delete “Secret ring”' }).click()
  await other.getByRole('button', { name: 'Sign out' }).click()
  await page.getByText('1 task was not deleted: you were signed out first.').waitFor()
  t.notMatch(await page.locator('body').textContent(), /Secret/)
})

test('an error of a proxy without a request id is reported without one', async (t) => {
  const { page } = await site.signedUp()
  await add(page, 'Steady')
  await page.route('**/api/tasks/*', (route) => route.fulfill({ status: 502, body: '<h1>Bad Gateway</h1>' }))
  await task(page, 'Steady').getByRole('checkbox').click()
  await page.getByText('“Steady” was not changed.').waitFor()
  t.match(await page.locator('.notice').textContent(), /Something went wrong on the server\. Try again in a moment\.$/)
})

test('on a phone, notices do not cover the undo button', async (t) => {
  const { page } = await site.signedUp({ viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true })
  await prolongUndo(page)
  for (const title of ['One', 'Two', 'Three', 'Four', 'Five', 'Six']) await add(page, title)
  const stalled = new Promise<Route>((resolve) => void page.route('**/api/tasks/*', resolve))
  await task(page, 'Three').getByRole('checkbox').tap()
  const request = await stalled
  await task(page, 'Two').evaluate((row) => row.scrollIntoView({ block: 'end' }))
  await page.getByRole('button', { name: 'Delete “Two”' }).tap()
  const undo = page.getByRole('button', { name: 'Undo: keep “Two”' })
  await undo.waitFor()
  await request.fulfill({ status: 500, body: '{}' })
  const notice = page.locator('.notice')
  await notice.waitFor()
  await eventually(t, 'they are apart', async () => {
    const [button, card] = [await undo.boundingBox(), await notice.boundingBox()]
    return button !== null && card !== null && button.y + button.height < card.y
  })
  await undo.tap()
  await task(page, 'Two').waitFor()
})
