import type { Page } from 'playwright-core'
import t, { test } from 'tap'
import { add, eventually, field, openSite, seen, task } from '../helpers/site.ts'

const site = await openSite(t)

const label = (page: Page) =>
  page.evaluate(() => {
    const element = document.activeElement
    const labels = element instanceof HTMLInputElement || element instanceof HTMLTextAreaElement ? element.labels : null
    return labels?.[0]?.textContent ?? element?.getAttribute('aria-label') ?? element?.textContent
  })
const focusOn = (t: Parameters<typeof eventually>[0], page: Page, name: string) =>
  eventually(t, `the focus is on ${name}`, async () => (await label(page)) === name)

test('Tab goes from the title to the description and to Add', async (t) => {
  const { page } = await site.signedUp()
  await field(page, 'New task').focus()
  await page.keyboard.type('By Tab')
  await page.keyboard.press('Tab')
  await focusOn(t, page, 'Description (optional)')
  await page.keyboard.type('And words')
  await page.keyboard.press('Tab')
  await focusOn(t, page, 'Add')
  await page.keyboard.press('Enter')
  await task(page, 'By Tab').getByText('And words').waitFor()
  await focusOn(t, page, 'New task')
  await page.keyboard.type('With Control')
  await page.keyboard.press('Tab')
  await page.keyboard.type('and Enter')
  await page.keyboard.press('Control+Enter')
  await task(page, 'With Control').getByText('and Enter').waitFor()
})

test('/ searches, n adds and ? lists the keys, except while one writes', async (t) => {
  const { page } = await site.signedUp()
  await add(page, 'Known')
  await page.locator('h1').click()
  await page.keyboard.press('/')
  await focusOn(t, page, 'Search tasks')
  await page.keyboard.type('n/?')
  t.equal(await page.getByRole('searchbox').inputValue(), 'n/?', 'in a field they are letters')
  await page.getByRole('searchbox').fill('')
  await page.locator('h1').click()
  await page.keyboard.press('Control+n')
  await page.keyboard.press('n')
  await focusOn(t, page, 'New task')
  t.equal(await field(page, 'New task').inputValue(), '')
  await page.locator('h1').click()
  await page.keyboard.press('?')
  const dialog = page.getByRole('dialog', { name: 'Keyboard shortcuts' })
  await dialog.getByText('Add a task').waitFor()
  await page.keyboard.press('n')
  t.ok(await dialog.isVisible(), 'the page below is out of reach')
  await page.keyboard.press('Escape')
  await dialog.waitFor({ state: 'detached' })
  t.equal(await page.evaluate(() => JSON.stringify({ ...localStorage })), '{}')
})

test('the keys can be turned off, and on again', async (t) => {
  const { page } = await site.signedUp()
  const button = page.getByRole('button', { name: 'Keyboard shortcuts' })
  await button.click()
  const dialog = page.getByRole('dialog', { name: 'Keyboard shortcuts' })
  await dialog.getByRole('checkbox', { name: 'Use the keys without Ctrl' }).uncheck()
  await dialog.getByRole('button', { name: 'Close' }).click()
  await dialog.waitFor({ state: 'detached' })
  await focusOn(t, page, 'Keyboard shortcuts')
  await page.reload()
  await seen(page, 'Tasks')
  await page.keyboard.press('n')
  await page.keyboard.press('?')
  t.equal(await page.evaluate(() => document.activeElement?.tagName), 'BODY')
  t.equal(await dialog.count(), 0)
  await button.click()
  await dialog.getByRole('checkbox', { name: 'Use the keys without Ctrl' }).check()
  await page.keyboard.press('Escape')
  await page.locator('h1').click()
  await page.keyboard.press('n')
  await focusOn(t, page, 'New task')
})

test('a click on a title edits it, and marking its text does not', async (t) => {
  const { page } = await site.signedUp()
  await add(page, 'Carefully chosen words')
  const title = page.getByText('Carefully chosen words', { exact: true })
  const { x, y, height } = (await title.boundingBox()) ?? { x: 0, y: 0, height: 0 }
  await page.mouse.move(x + 2, y + height / 2)
  await page.mouse.down()
  await page.mouse.move(x + 120, y + height / 2, { steps: 4 })
  await page.mouse.up()
  t.equal(await field(page, 'Title').count(), 0)
  await page.locator('h1').click()
  await title.click()
  await focusOn(t, page, 'Title')
  t.equal(await field(page, 'Title').inputValue(), 'Carefully chosen words')
})
