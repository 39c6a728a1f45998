import t, { test } from 'tap'
import { add, eventually, field, openSite, password, seen, task } from '../helpers/site.ts'

const site = await openSite(t)

test('scripts in names and titles stay text', async (t) => {
  const { page } = await site.person()
  const dialogs: string[] = []
  page.on('dialog', (dialog) => {
    dialogs.push(dialog.message())
    return dialog.dismiss()
  })
  const hostile = '<img src=x onerror=alert(1)><script>alert(2)</script>{{7*7}}'
  await page.goto('/signup')
  await field(page, 'Name').fill(hostile)
  await field(page, 'Email').fill(`${crypto.randomUUID()}@example.com`)
  await field(page, 'Password').fill(password)
  await page.getByRole('button', { name: 'Sign up' }).click()
  await seen(page, 'Tasks')
  await add(page, hostile, `javascript:alert(3) ${hostile}`)
  await page.locator('.task-title').getByText(hostile, { exact: true }).waitFor()
  await page.goto(`/?q=${encodeURIComponent(hostile)}`)
  await task(page, hostile).waitFor()
  await page.goto('/profile')
  t.equal(await field(page, 'Name').inputValue(), hostile)
  t.equal(await page.locator('#app img, #app script').count(), 0)
  t.strictSame(dialogs, [])
})

test('the redirect after logging in leads to no other site', async (t) => {
  const { page, context, email } = await site.signedUp()
  for (const next of ['https://evil.example', '//evil.example', '/\\evil.example', 'javascript:alert(1)']) {
    await page.getByRole('button', { name: 'Sign out' }).click()
    await seen(page, 'Sign in')
    await page.goto(`/login?next=${encodeURIComponent(next)}`)
    await field(page, 'Email').fill(email)
    await field(page, 'Password').fill(password)
    await page.getByRole('button', { name: 'Sign in' }).click()
    await seen(page, 'Tasks')
    t.equal(page.url(), `${site.url}/`, next)
  }
  t.equal(context.pages().length, 1)
})

test('long and right-to-left texts do not break the page', async (t) => {
  const { page } = await site.signedUp({ viewport: { width: 360, height: 740 } })
  await add(page, 'W'.repeat(200), `${'x'.repeat(9_000)}${'word '.repeat(200)}`)
  await add(page, 'لا تنس شراء الحليب غدا', 'قبل الساعة ٥ — call 030/123')
  await add(page, '👩‍👩‍👧‍👦 e\u0301\u0302\u0303 \u202eright to left override')
  const rightToLeft = page.getByText('لا تنس شراء الحليب غدا', { exact: true })
  t.equal(await rightToLeft.evaluate((element) => getComputedStyle(element).direction), 'rtl')
  await page.getByRole('button', { name: /^More of/ }).click()
  const overflow = () => page.evaluate(() => document.documentElement.scrollWidth - innerWidth)
  t.ok((await overflow()) <= 0, 'nothing is wider than the phone')
  await page.getByRole('button', { name: `Edit “${'W'.repeat(200)}”` }).click()
  t.ok((await overflow()) <= 0, 'nor is the editor')
  await field(page, 'Title').fill('W'.repeat(201))
  await page.getByRole('button', { name: 'Save' }).click()
  await page.locator('.field-error').waitFor()
  t.equal(await field(page, 'Title').getAttribute('aria-invalid'), 'true')
})

test("the server's field errors appear beside their fields", async (t) => {
  const { page, email } = await site.signedUp()
  await page.getByRole('button', { name: 'Sign out' }).click()
  await page.getByRole('link', { name: 'Sign up' }).click()
  await field(page, 'Name').fill('Ann')
  await field(page, 'Email').fill(email)
  await field(page, 'Password').fill('Password1!')
  await page.getByRole('button', { name: 'Sign up' }).click()
  const fault = (label: string) =>
    field(page, label).evaluate(
      (input) => document.getElementById(input.getAttribute('aria-describedby')?.split(' ')[0] ?? '')?.textContent
    )
  await eventually(t, 'a common password', async () => /common/i.test((await fault('Password')) ?? ''))
  await eventually(t, 'which has the focus', () =>
    field(page, 'Password').evaluate((input) => input === document.activeElement)
  )
  await field(page, 'Password').fill(password)
  await page.getByRole('button', { name: 'Sign up' }).click()
  await eventually(t, 'an address that is taken', async () => /account/.test((await fault('Email')) ?? ''))
})

test('a task that was deleted elsewhere disappears with a notice', async (t) => {
  const { page, context } = await site.signedUp()
  for (const title of ['One', 'Two', 'Three']) await add(page, title)
  const other = await context.newPage()
  await other.goto('/')
  for (const title of ['One', 'Two']) await other.getByRole('button', { name: `Delete “${title}”` }).click()
  await other.getByRole('button', { name: 'Sign out' }).waitFor()
  // Pending deletions are sent when the page closes.
  await other.goto('/profile')
  await eventually(t, 'deleted', async () => {
    await other.goto('/')
    await task(other, 'Three').waitFor()
    return (await task(other, 'One').count()) === 0
  })
  await task(page, 'One').getByRole('checkbox').click()
  await page.getByRole('region', { name: 'Messages' }).getByText('“One” was deleted on another device.').waitFor()
  await eventually(t, 'it is gone here too', async () => (await task(page, 'One').count()) === 0)
  await task(page, 'Three').waitFor()
})

test('further pages load while scrolling, without duplicates', async (t) => {
  const { page } = await site.signedUp()
  const token = page.waitForRequest(/api\/tasks/).then((request) => request.headers().authorization ?? '')
  await page.reload()
  const authorization = await token
  for (let i = 0; i < 75; i++)
    await page.request.post('/api/tasks', { data: { title: `Task ${i}` }, headers: { authorization } })
  await page.reload()
  await task(page, 'Task 74').waitFor()
  await eventually(t, 'the first task is reached', async () => {
    await page.mouse.wheel(0, 4_000)
    return (await task(page, 'Task 0').count()) === 1
  })
  const titles = await page.locator('.task-title').allTextContents()
  t.equal(new Set(titles).size, 75)
  t.equal(titles.length, 75)
})
