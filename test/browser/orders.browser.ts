import type { Page } from 'playwright-core'
import t, { test } from 'tap'
import { add, eventually, field, openSite, task } from '../helpers/site.ts'
import { lookBack, seed } from '../helpers/traffic.ts'

const site = await openSite(t)

const painted = (page: Page) => page.evaluate(() => new Promise(requestAnimationFrame).then(() => {}))
const saved = async (page: Page) => (await page.getByText('Saving…').count()) === 0
const titles = (page: Page) => page.locator('.task-title').allTextContents()

test('a task that moves out of view is not reported as deleted', async (t) => {
  const { page } = await site.signedUp()
  await seed(
    page,
    Array.from({ length: 40 }, (_, i) => `Item ${10 + i}`)
  )
  await page.goto('/?order=title-asc')
  await task(page, 'Item 10').waitFor()
  await field(page, 'New task').fill('Zebra')
  await page.getByRole('button', { name: 'Add', exact: true }).click()
  await page.getByText('Added: Zebra').waitFor()
  await eventually(t, 'added', () => saved(page))
  await lookBack(page)
  await eventually(t, 'it has gone to its place', async () => (await task(page, 'Zebra').count()) === 0)
  await page.getByRole('button', { name: 'Edit “Item 12”' }).click()
  await field(page, 'Title').fill('Yak')
  await page.getByRole('button', { name: 'Save' }).click()
  await page.getByText('Saved', { exact: true }).waitFor()
  await lookBack(page)
  await eventually(t, 'so has a renamed one', async () => (await task(page, 'Yak').count()) === 0)
  await painted(page)
  t.equal(await page.getByText('on another device').count(), 0)
})

test('a new or renamed task moves to its place at once', async (t) => {
  const { page } = await site.signedUp()
  await page.goto('/?order=title-asc')
  for (const title of ['Carrot', 'Apple', 'Banana']) await add(page, title)
  await eventually(t, 'in order', async () => String(await titles(page)) === 'Apple,Banana,Carrot')
  await page.getByRole('button', { name: 'Edit “Apple”' }).click()
  await field(page, 'Title').fill('Zucchini')
  await page.getByRole('button', { name: 'Save' }).click()
  await eventually(t, 'in order', async () => String(await titles(page)) === 'Banana,Carrot,Zucchini')
})
