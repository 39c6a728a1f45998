import t, { test } from 'tap'
import { add, eventually, logIn, openSite, seen, task } from '../helpers/site.ts'

const site = await openSite(t)

test('a search is literal, and survives a reload and logging in', async (t) => {
  const { page, email } = await site.signedUp()
  const texts = ['100%25 or %41', 'R&D?', 'a?b?c', '50% + 1 = #?']
  for (const text of texts) await add(page, text)
  const search = page.getByRole('searchbox', { name: 'Search tasks' })
  const found = (text: string) =>
    eventually(t, text, async () => String(await page.locator('.task-title').allTextContents()) === text)
  for (const text of texts) {
    await search.fill(text)
    await found(text)
    t.equal(await search.inputValue(), text)
    await page.reload()
    await found(text)
    t.equal(await search.inputValue(), text, 'after a reload')
    const where = page.url()
    await page.getByRole('button', { name: 'Sign out' }).click()
    await seen(page, 'Sign in')
    await page.goto(where)
    await page.getByRole('link', { name: 'Sign up' }).click()
    await seen(page, 'Sign up')
    await page.getByRole('link', { name: 'Sign in' }).click()
    await logIn(page, email)
    await task(page, text).waitFor()
    t.equal(page.url(), where, 'after logging in')
    t.equal(await search.inputValue(), text)
  }
  await search.fill('')
  await eventually(t, 'a plain address again', () => page.url() === `${site.url}/`)
})

test('a search without results shows the text that was searched', async (t) => {
  const { page } = await site.signedUp()
  await add(page, 'Buy milk')
  const search = page.getByRole('searchbox', { name: 'Search tasks' })
  const result = page.locator('.state')
  await search.fill('milk')
  await page.getByText('Done', { exact: true }).click()
  await result.getByText('No completed task contains “milk”').waitFor()
  await page.getByRole('button', { name: 'Search all tasks' }).click()
  await task(page, 'Buy milk').waitFor()
  t.equal(await search.inputValue(), 'milk')
  await task(page, 'Buy milk').getByRole('checkbox').click()
  await page.getByText('To do', { exact: true }).click()
  await result.getByText('No open task contains “milk”').waitFor()
  await page.getByText('All', { exact: true }).click()
  await search.fill('nothing like this')
  await result.getByText('No task contains “nothing like this”').waitFor()
  await page.getByRole('button', { name: 'Clear the search' }).click()
  await task(page, 'Buy milk').waitFor()
  t.equal(await search.inputValue(), '')
})
