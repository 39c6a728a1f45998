import type { Page } from 'playwright-core'
import t, { test } from 'tap'
import { checkLooks, looks } from '../helpers/looks.ts'
import { eventually, field, loaded, logIn, openOwnSite, password, seen } from '../helpers/site.ts'
import { onServer, server } from '../helpers/template.ts'

const program = 'test/helpers/patient-notes.ts'
const site = await openOwnSite(t, {}, program)
const nav = (page: Page, name: string) => page.getByRole('navigation', { name, exact: true })

const pages = [
  ['/profile', 'Profile'],
  ['/delete-account', 'Delete account'],
  ['/security', 'Security'],
  ['/sessions', 'Sessions'],
  ['/tokens', 'Access tokens'],
  ['/activity', 'Activity'],
  ['/password', 'Change password']
] as const

/** What a page shows, in its title and its text. */
const saidBy = async (page: Page) => `${await page.title()}\n${await page.locator('body').ariaSnapshot()}`

test('a product without tasks has the pages of accounts, under its own name, and asks for no task', async (t) => {
  const { page, email, asked } = await site.person()
  await page.goto('/')
  await seen(page, 'Sign in')
  t.equal(await page.title(), 'Sign in · Notes')
  t.notMatch(await saidBy(page), /gatehouse|task/i)
  await checkLooks(t, page, 'without-tasks-login')
  await page.getByRole('link', { name: 'Sign up' }).click()
  await seen(page, 'Sign up')
  await field(page, 'Name').fill('Ann')
  await field(page, 'Email').fill(email)
  await field(page, 'Password').fill(password)
  await page.getByRole('button', { name: 'Sign up' }).click()
  await seen(page, 'Profile')
  t.equal(new URL(page.url()).pathname, '/profile')
  for (const [path, heading] of pages) {
    await page.goto(path)
    await seen(page, heading)
    await loaded(page)
    t.equal(await page.title(), `${heading} · Notes`)
    t.notMatch(await saidBy(page), /gatehouse|task/i, path)
    t.equal(await nav(page, 'Main').getByRole('link', { name: 'Tasks' }).count(), 0)
    await checkLooks(t, page, `without-tasks${path.replace('/', '-')}`)
  }
  await page.getByRole('link', { name: 'Notes, home' }).click()
  await seen(page, 'Profile')
  await page.goto('/nowhere')
  await seen(page, 'Page not found')
  await page.getByRole('link', { name: 'go to your account' }).click()
  await seen(page, 'Profile')
  await page.getByRole('button', { name: 'Sign out' }).click()
  await logIn(page, email)
  await seen(page, 'Profile')
  t.notOk(
    asked.some((request) => request.includes('/api/tasks')),
    asked.join(', ')
  )
})

test('access tokens have the scopes of the product', async (t) => {
  const { page } = await site.signedUp(looks.phone, 'Profile')
  await page.goto('/tokens')
  await seen(page, 'Access tokens')
  await loaded(page)
  t.equal(await page.getByRole('checkbox').count(), 2)
  await field(page, 'Name').fill('Script')
  await field(page, 'notes:read').check()
  await page.getByRole('button', { name: 'Create token' }).click()
  await seen(page, 'Copy your access token')
  const token = await page.getByRole('region', { name: 'Your new access token' }).locator('code').textContent()
  const status = async (method: string) =>
    (await fetch(`${site.url}/api/notes`, { method, headers: { authorization: `Bearer ${token}` } })).status
  t.strictSame([await status('GET'), await status('POST')], [200, 403])
})

test('a product without scopes offers no personal access token', async (t) => {
  const bare = await openOwnSite(t, { TEST_WITHOUT_SCOPES: 'yes' }, program)
  const { page } = await bare.signedUp({}, 'Profile')
  await page.goto('/tokens')
  await page.getByText('You have none. Programs cannot use your account.').waitFor()
  t.equal(await page.getByRole('button', { name: 'Create token' }).count(), 0)
  await checkLooks(t, page, 'without-scopes')
})

const skip = server ? false : 'needs TEST_DATABASE_URL: an admin is made by the database'
test('an admin sees the accounts, and the numbers of the product', { skip }, async (t) => {
  const { email } = await site.signedUp({}, 'Profile')
  await onServer(`update users set role = 'admin' where email = '${email}'`, site.databaseUrl)
  const { page } = await site.signedIn(email)
  await page.goto('/users')
  await seen(page, 'Users')
  await page.getByRole('link', { name: email }).click()
  await seen(page, email)
  const facts = page.getByRole('region', { name: 'The account' })
  await eventually(t, 'the numbers', async () => /notes[\s\S]{1,40}7/.test(await facts.ariaSnapshot()))
  t.notMatch(await saidBy(page), /gatehouse|task/i)
  await page.getByRole('button', { name: 'Delete account' }).click()
  t.notMatch(await page.getByRole('dialog').ariaSnapshot(), /task/i)
  await checkLooks(t, page, 'without-tasks-user')
  await page.goto('/audit')
  await seen(page, 'Audit')
  await loaded(page)
  t.notMatch(await saidBy(page), /task/i)
})
