import type { Page } from 'playwright-core'
import t, { test } from 'tap'
import { add, eventually, field, logIn, openSite, seen, task } from '../helpers/site.ts'
import { hold } from '../helpers/traffic.ts'

const site = await openSite(t)

/** The idempotency keys of requests that add a task. */
function keysOf(page: Page): string[] {
  const keys: string[] = []
  page.on('request', (request) => {
    const isAdding = request.method() === 'POST' && request.url().endsWith('/api/tasks')
    if (isAdding) keys.push(request.headers()['idempotency-key'] ?? 'none')
  })
  return keys
}

test('a task that is refused after navigation is reported there, and kept', async (t) => {
  const { page } = await site.signedUp()
  const adding = await hold(page, 'POST', /\/api\/tasks/)
  await field(page, 'New task').fill('Refused')
  await field(page, 'Description (optional)').fill('With words')
  await page.getByRole('button', { name: 'Add', exact: true }).click()
  await adding.held
  await page.getByRole('link', { name: 'Account' }).click()
  await seen(page, 'Profile')
  adding.letGo(500)
  await page.getByText('“Refused” was not added').waitFor()
  await page.getByRole('link', { name: 'Tasks' }).click()
  t.equal(await field(page, 'New task').inputValue(), 'Refused')
  t.equal(await field(page, 'Description (optional)').inputValue(), 'With words')
  await page.getByText('abc-12345').waitFor()
})

test('a task that is refused while another is being written is restored after that one', async (t) => {
  const { page } = await site.signedUp()
  const adding = await hold(page, 'POST', /\/api\/tasks/)
  await field(page, 'New task').fill('Refused')
  await page.getByRole('button', { name: 'Add', exact: true }).click()
  await adding.held
  await field(page, 'New task').fill('Next')
  adding.letGo(500)
  await page.getByText('“Refused” was not added').waitFor()
  t.equal(await field(page, 'New task').inputValue(), 'Next')
  await add(page, 'Next')
  t.equal(await field(page, 'New task').inputValue(), 'Refused')
})

test('logging out asks before an unsent task is lost, and no other user sees it', async (t) => {
  const { page } = await site.signedUp()
  const { email: another } = await site.signedUp()
  await field(page, 'New task').fill('Private')
  const questions: string[] = []
  page.once('dialog', (dialog) => {
    questions.push(dialog.message())
    return dialog.dismiss()
  })
  await page.getByRole('button', { name: 'Sign out' }).click()
  t.match(questions, [/^Sign out and lose/])
  t.equal(await field(page, 'New task').inputValue(), 'Private')

  // The session ends, and another user logs in.
  await page.route('**/api/**', (route) => route.fulfill({ status: 401, body: '{"code":"token_revoked"}' }))
  await page.getByRole('button', { name: 'Add', exact: true }).click()
  await page.getByText('Your session has ended').waitFor()
  await page.unroute('**/api/**')
  await logIn(page, another)
  await seen(page, 'Tasks')
  t.equal(await field(page, 'New task').inputValue(), '')
  await add(page, 'Mine')
  t.equal(await task(page, 'Private').count(), 0)
})

test('a task whose answer is lost is added once, after any number of retries', async (t) => {
  const { page } = await site.signedUp()
  const keys = keysOf(page)
  await page.route('**/api/tasks', async (route) => {
    await route.fetch()
    await route.abort()
  })
  await field(page, 'New task').fill('Once')
  await page.getByRole('button', { name: 'Add', exact: true }).click()
  await page.getByText('“Once” was not added').waitFor()
  await page.unroute('**/api/tasks')
  await page.getByRole('button', { name: 'Add', exact: true }).click()
  await task(page, 'Once').and(page.locator('[data-saving=false]')).waitFor()
  t.ok(keys.length > 2 && new Set(keys).size === 1 && keys[0] !== 'none', String(keys))
  await page.reload()
  await task(page, 'Once').waitFor()
  t.equal(await task(page, 'Once').count(), 1)
})

test('a task that is changed before the retry, or written again, is another task', async (t) => {
  const { page, context } = await site.signedUp()
  // As on a page from plain HTTP.
  await context.addInitScript(() => Reflect.deleteProperty(Crypto.prototype, 'randomUUID'))
  await page.reload()
  const keys = keysOf(page)
  const adding = await hold(page, 'POST', /\/api\/tasks/)
  await field(page, 'New task').fill('First wording')
  await page.getByRole('button', { name: 'Add', exact: true }).click()
  await adding.held
  adding.letGo(500)
  await page.getByText('abc-12345').waitFor()
  await add(page, 'Second wording')
  await add(page, 'Second wording')
  // Both are shown before the second one is sent.
  const saved = task(page, 'Second wording').and(page.locator('[data-saving=false]'))
  await eventually(t, 'twice', async () => (await saved.count()) === 2)
  t.equal(new Set(keys).size, 3)
  for (const key of keys) t.match(key, /^"[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}"$/)
})
