import type { Page } from 'playwright-core'
import t, { test } from 'tap'
import { add, eventually, logIn, openSite, prolongUndo, seen, task } from '../helpers/site.ts'
import { hold, lookBack } from '../helpers/traffic.ts'

const site = await openSite(t)

/** A user with completed tasks, and one that is open, at the view of the completed ones. */
async function withCompleted(titles: string[]) {
  const person = await site.signedUp()
  const { page } = person
  const first = page.waitForRequest(/\/api\/tasks/)
  await page.reload()
  const { authorization = '' } = (await first).headers()
  const headers = { authorization }
  async function addCompleted(title: string) {
    const { id } = await (await page.request.post('/api/tasks', { data: { title }, headers })).json()
    await page.request.patch(`/api/tasks/${id}/complete`, { data: { completed: true }, headers })
  }
  for (let i = 0; i < titles.length; i += 5) await Promise.all(titles.slice(i, i + 5).map(addCompleted))
  await add(page, 'Open')
  await page.goto('/?status=completed')
  if (titles.length > 0) await task(page, titles.at(-1) ?? '').waitFor()
  return person
}

const numbered = (count: number) => Array.from({ length: count }, (_, i) => `Old ${10 + i}`)
const ask = (page: Page) => page.getByRole('button', { name: 'Clear completed' }).click()
const confirm = (page: Page, count: number) =>
  page
    .getByRole('dialog')
    .getByRole('button', { name: count === 1 ? 'Delete 1 task' : `Delete ${count} tasks` })
    .click()
const message = (page: Page, text: string | RegExp) => page.getByRole('region', { name: 'Messages' }).getByText(text)
const openTasksAreThere = async (page: Page) => {
  await page.goto('/')
  await task(page, 'Open').waitFor()
}

test('all completed tasks can be deleted at once, of every page, after a question', async (t) => {
  const { page, asked } = await withCompleted(numbered(105))
  await ask(page)
  const dialog = page.getByRole('dialog', { name: 'Delete 105 completed tasks?' })
  await dialog.getByRole('button', { name: 'Cancel' }).click()
  await dialog.waitFor({ state: 'detached' })
  t.equal(asked.filter((line) => line.startsWith('DELETE')).length, 0)
  await ask(page)
  await confirm(page, 105)
  await message(page, '105 completed tasks were deleted.').waitFor()
  await page.getByText('No completed tasks').waitFor()
  t.equal(await page.getByRole('button', { name: 'Clear completed' }).count(), 0)
  t.equal(asked.filter((line) => line.startsWith('DELETE')).length, 105)
  t.equal(await page.getByText('on another device').count(), 0)
  await openTasksAreThere(page)
})

test('a list read before the answer to a deletion does not report that another device deleted the task', async (t) => {
  const { page } = await withCompleted(['One', 'Two'])
  const deleted = Promise.withResolvers<void>()
  const answer = Promise.withResolvers<void>()
  let deletions = 0
  // The first deletion makes the list stale, so that looking back reads it.
  await page.route(/api\/tasks\/./, async (route) => {
    if (route.request().method() !== 'DELETE' || ++deletions === 1) return route.fallback()
    const response = await route.fetch()
    deleted.resolve()
    await answer.promise
    await route.fulfill({ response })
  })
  await ask(page)
  await confirm(page, 2)
  await deleted.promise
  await lookBack(page)
  await page.getByText('No completed tasks').waitFor()
  t.equal(await page.getByText('on another device').count(), 0)
  answer.resolve()
  await message(page, '2 completed tasks were deleted.').waitFor()
})

test('the progress is shown on every view, can be stopped, and closing the page asks', async (t) => {
  const { page } = await withCompleted(['One', 'Two', 'Three'])
  const second = await hold(page, 'DELETE', /api\/tasks/)
  await ask(page)
  await confirm(page, 3)
  await second.held
  await page.getByText('Deleting 0 of 3…').waitFor()
  await page.getByText('All', { exact: true }).click()
  await page.getByText('Deleting 0 of 3…').waitFor()
  const question = page.waitForEvent('dialog')
  void page.close({ runBeforeUnload: true })
  const dialog = await question
  t.equal(dialog.type(), 'beforeunload')
  await dialog.dismiss()
  await page.getByRole('button', { name: 'Stop' }).click()
  second.letGo()
  await message(page, '1 of 3 completed tasks was deleted.').waitFor()
  await eventually(t, 'two are left', async () => (await page.locator('.task[data-done=true]').count()) === 2)
})

test('a limit on requests is waited for', async (t) => {
  const { page } = await withCompleted(['One', 'Two'])
  let deletions = 0
  await page.route('**/api/tasks/*', (route) => {
    if (route.request().method() !== 'DELETE' || ++deletions > 2) return route.fallback()
    return route.fulfill({ status: deletions === 1 ? 429 : 503, headers: { 'Retry-After': '1' }, body: '{}' })
  })
  await ask(page)
  await confirm(page, 2)
  await message(page, '2 completed tasks were deleted.').waitFor()
  t.equal(deletions, 4, 'two that were refused, and one for each task')
})

test('tasks that cannot be deleted are reported, and the others are deleted', async (t) => {
  const { page } = await withCompleted(['One', 'Two', 'Three', 'Four'])
  let count = 0
  await page.route('**/api/tasks/*', (route) => {
    if (route.request().method() !== 'DELETE') return route.fallback()
    count += 1
    return count === 2 ? route.fulfill({ status: 500, body: '{}' }) : route.fallback()
  })
  await ask(page)
  await confirm(page, 4)
  const alert = page
    .getByRole('alert')
    .getByText('3 of 4 completed tasks were deleted. Something went wrong on the server.')
  await alert.waitFor()
  await eventually(t, 'one is left', async () => (await page.locator('.task').count()) === 1)
  await ask(page)
  await confirm(page, 1)
  await message(page, '1 completed task was deleted.').waitFor()
})

test('deleting the completed tasks ends when the session is refused', async (t) => {
  const { page, email } = await withCompleted(['One', 'Two', 'Three'])
  let count = 0
  await page.route('**/api/**', (route) => {
    const { method } = { method: route.request().method() }
    if (method === 'DELETE') count += 1
    return count > 0 ? route.fulfill({ status: 401, body: '{"code":"token_revoked"}' }) : route.fallback()
  })
  await ask(page)
  await confirm(page, 3)
  await seen(page, 'Sign in')
  await page.unroute('**/api/**')
  await logIn(page, email)
  await message(page, '0 of 3 completed tasks were deleted.').waitFor()
  t.equal(count, 1)
  await task(page, 'Three').waitFor()
})

test('signing out stops the deletion, and the next user sees no title of its tasks', async (t) => {
  const { page } = await withCompleted(['One', 'Two', 'Three'])
  const first = await hold(page, 'DELETE', /api\/tasks/)
  await ask(page)
  await confirm(page, 3)
  await first.held
  await page.getByRole('button', { name: 'Sign out' }).click()
  await seen(page, 'Sign in')
  first.letGo(500)
  await message(page, '3 tasks were not deleted: you were signed out first.').waitFor()
  t.notMatch(await page.locator('body').textContent(), /Two|Three/)
})

test('a single deletion that can still be undone can be undone afterwards', async (t) => {
  const { page } = await withCompleted(['One', 'Two'])
  await prolongUndo(page)
  await task(page, 'One').waitFor()
  await page.getByRole('button', { name: 'Delete “One”' }).click()
  await page.getByRole('button', { name: 'Undo: keep “One”' }).waitFor()
  await ask(page)
  await confirm(page, 1)
  await message(page, '1 completed task was deleted.').waitFor()
  await page.getByRole('button', { name: 'Undo: keep “One”' }).click()
  await task(page, 'One').waitFor()
  t.equal(await task(page, 'Two').count(), 0)
})

test('a failure to read the completed tasks deletes none', async (t) => {
  const { page, asked } = await withCompleted(['One'])
  await page.route(/limit=100/, (route) => route.fulfill({ status: 500, body: '{}' }))
  await ask(page)
  await message(page, 'Your completed tasks could not be loaded.').waitFor()
  t.equal(asked.filter((line) => line.startsWith('DELETE')).length, 0)
  t.equal(await page.getByRole('dialog').count(), 0)
})
