import t, { test } from 'tap'
import { add, field, logIn, openSite, seen, task } from '../helpers/site.ts'
import { hold } from '../helpers/traffic.ts'

const site = await openSite(t)

test('a task that is refused when one has gone to another page is told there, and kept', async (t) => {
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

test('a task that is refused while another is written comes back after that one', async (t) => {
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

test('logging out asks before a task that was not added is lost, and nobody else sees it', async (t) => {
  const { page } = await site.signedUp()
  const { email: another } = await site.signedUp()
  await field(page, 'New task').fill('Private')
  const questions: string[] = []
  page.once('dialog', (dialog) => {
    questions.push(dialog.message())
    return dialog.dismiss()
  })
  await page.getByRole('button', { name: 'Log out' }).click()
  t.match(questions, [/^Log out and lose/])
  t.equal(await field(page, 'New task').inputValue(), 'Private')

  // The session ends, and another user logs in instead.
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
