import t, { test } from 'tap'
import { add, eventually, field, logIn, openSite, password, seen, task } from '../helpers/site.ts'

const site = await openSite(t)

test('a reload stays logged in, and scripts can read neither token', async (t) => {
  const { page, context, asked } = await site.signedUp()
  const tokens: string[] = []
  page.on('request', (request) => {
    const { authorization } = request.headers()
    if (authorization) tokens.push(authorization.replace('Bearer ', ''))
  })
  await page.reload()
  await seen(page, 'Tasks')
  await add(page, 'Stays')
  for (const path of [
    '/profile',
    '/security',
    '/sessions',
    '/tokens',
    '/activity',
    '/password',
    '/delete-account',
    '/'
  ]) {
    await page.goto(path)
    await page.getByRole('button', { name: 'Sign out' }).waitFor()
    const cookie = (await context.cookies()).find(({ name }) => name.includes('refresh'))
    t.match(cookie, { httpOnly: true, sameSite: 'Strict' })
    const kept = await page.evaluate(async () => {
      const databases = await indexedDB.databases()
      const caches = await globalThis.caches.keys()
      return JSON.stringify([
        { ...localStorage },
        { ...sessionStorage },
        document.cookie,
        databases,
        caches,
        location.href
      ])
    })
    t.notOk(kept.includes(cookie?.value ?? '?'), 'no refresh token')
    t.notMatch(kept, /eyJ[\w-]{10,}\./, 'no access token')
    t.equal(kept, JSON.stringify([{}, {}, '', [], [], new URL(path, site.url).href]), 'nothing at all')
  }
  t.ok(tokens.length > 0 && tokens.every((token) => token.startsWith('eyJ')))
  // The page of personal access tokens may have asked for their list.
  t.notMatch(asked.filter((what) => what !== 'GET /api/auth/tokens').join(), /token|eyJ/)
})

test('logging out in one tab logs out all, and logging in logs in all', async (t) => {
  const { page, context, email } = await site.signedUp()
  const other = await context.newPage()
  await other.goto('/sessions')
  await seen(other, 'Sessions')
  await page.getByRole('button', { name: 'Sign out' }).click()
  await seen(page, 'Sign in')
  await seen(other, 'Sign in')
  t.strictSame(await context.cookies(), [])
  await logIn(page, email)
  await seen(page, 'Tasks')
  await other.getByRole('button', { name: 'Sign out' }).waitFor()
})

test('a session ended from another browser is reported, and logging in returns to the same page', async (t) => {
  const { page, email } = await site.signedUp({ userAgent: 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Firefox/140.0' })
  await add(page, 'Buy milk')
  await page.getByText('To do', { exact: true }).click()
  await eventually(t, 'the view is in the address', () => page.url().includes('?'))
  const where = page.url()

  const elsewhere = await site.signedIn(email)
  await elsewhere.page.goto('/sessions')
  await seen(elsewhere.page, 'Sessions')
  const rows = elsewhere.page.getByRole('list', { name: 'Sessions' }).getByRole('listitem')
  await eventually(t, 'two sessions', async () => (await rows.count()) === 2)
  t.match((await rows.allTextContents()).join(), /Firefox/)
  await elsewhere.page.getByRole('button', { name: /^End the session of .*Firefox/ }).click()
  await eventually(t, 'one session', async () => (await rows.count()) === 1)

  await field(page, 'New task').fill('Written after the end')
  await field(page, 'Description (optional)').fill('In two fields')
  await page.getByRole('button', { name: 'Add', exact: true }).click()
  await page.getByText('Your session has ended').waitFor()
  await logIn(page, email)
  await seen(page, 'Tasks')
  t.equal(page.url(), where)
  await task(page, 'Buy milk').waitFor()
  t.equal(await field(page, 'New task').inputValue(), 'Written after the end', 'what was written is still there')
  t.equal(await field(page, 'Description (optional)').inputValue(), 'In two fields')
  await page.getByText('Your session ended before').waitFor()
  await page.getByRole('button', { name: 'Add', exact: true }).click()
  await task(page, 'Written after the end').getByText('In two fields').waitFor()
})

test('all other sessions can be ended at once', async (t) => {
  const { page, email } = await site.signedUp()
  const others = await Promise.all([site.signedIn(email), site.signedIn(email)])
  for (const other of others) {
    await other.page.goto('/')
    await seen(other.page, 'Tasks')
  }
  await page.goto('/sessions')
  await page.getByRole('button', { name: 'End all other sessions' }).click()
  await page.getByText('You are not signed in on any other device.').waitFor()
  for (const other of others) {
    await other.page.reload()
    await seen(other.page, 'Sign in')
    t.match(other.page.url(), /\/login$/)
  }
  await page.reload()
  await seen(page, 'Sessions')
})

test('a password change logs out other browsers and keeps the tabs of this one', async (t) => {
  const { page, context, email } = await site.signedUp()
  const tab = await context.newPage()
  await tab.goto('/')
  await seen(tab, 'Tasks')
  const elsewhere = await site.signedIn(email)
  await elsewhere.page.goto('/profile')
  await seen(elsewhere.page, 'Profile')
  await page.goto('/password')
  await field(page, 'Current password').fill(password)
  await field(page, 'New password').fill('another-horse-8')
  await page.getByRole('button', { name: 'Change password' }).click()
  await page.getByText('Your password was changed.').waitFor()
  await add(tab, 'Still here')
  await field(elsewhere.page, 'Name').fill('Mallory')
  await elsewhere.page.getByRole('button', { name: 'Change name' }).click()
  await elsewhere.page.getByText('Your session has ended').waitFor()
  t.match(elsewhere.page.url(), /\/login\?next=%2Fprofile$/)
})
