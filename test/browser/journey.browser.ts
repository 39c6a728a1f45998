import t, { test } from 'tap'
import { add, eventually, field, logIn, openSite, password, seen, signUp, task } from '../helpers/site.ts'

const site = await openSite(t)

test('a user signs up, works with tasks, changes the account and deletes it', async (t) => {
  const { page, email } = await site.person()
  await signUp(page, email)
  t.equal(new URL(page.url()).pathname, '/', 'signing up leads to the tasks')
  await page.getByText('No tasks yet').waitFor()

  await add(page, 'Buy milk', 'Two litres')
  await add(page, 'Call the plumber')
  await add(page, 'Answer Bea')
  await page.getByRole('button', { name: 'Edit “Buy milk”' }).click()
  await field(page, 'Title').fill('Buy oat milk')
  await page.getByRole('button', { name: 'Save' }).click()
  await task(page, 'Buy oat milk').getByText('Two litres').waitFor()

  const box = (title: string) => page.getByRole('checkbox', { name: `Done: ${title}`, exact: true })
  await box('Call the plumber').check()
  await box('Answer Bea').check()
  await box('Answer Bea').uncheck()
  const titles = () => page.getByRole('list', { name: 'Tasks' }).locator('.task-title').allTextContents()
  const shows = (expected: string[]) =>
    eventually(t, expected.join(', ') || 'nothing', async () => String(await titles()) === String(expected))
  await page.getByText('Done', { exact: true }).click()
  await shows(['Call the plumber'])
  await page.getByText('To do', { exact: true }).click()
  await shows(['Answer Bea', 'Buy oat milk'])
  await page.getByText('All', { exact: true }).click()
  await field(page, 'Sort by').selectOption('Title, A to Z')
  await shows(['Answer Bea', 'Buy oat milk', 'Call the plumber'])
  await page.getByRole('searchbox', { name: 'Search tasks' }).pressSequentially('litre')
  await shows(['Buy oat milk'])
  await page.reload()
  await shows(['Buy oat milk'])
  t.match(page.url(), /litre/, 'what one looks at is in the address')
  await page.getByRole('searchbox', { name: 'Search tasks' }).fill('')
  await shows(['Answer Bea', 'Buy oat milk', 'Call the plumber'])

  await page.getByRole('button', { name: 'Delete “Answer Bea”' }).click()
  await page.getByRole('button', { name: 'Undo: keep “Answer Bea”' }).click()
  await box('Answer Bea').waitFor()
  await page.getByRole('button', { name: 'Delete “Answer Bea”' }).click()
  await page.getByRole('link', { name: 'Account' }).click()

  await seen(page, 'Profile')
  await field(page, 'Name').fill('Anna')
  await page.getByRole('button', { name: 'Change name' }).click()
  await page.getByText('Your name was changed.').waitFor()
  await page.reload()
  await eventually(t, 'the new name stays', async () => (await field(page, 'Name').inputValue()) === 'Anna')

  await page.getByRole('link', { name: 'Password' }).click()
  await field(page, 'Current password').fill('wrong-horse-7')
  await field(page, 'New password').fill('another-horse-8')
  await page.getByRole('button', { name: 'Change password' }).click()
  await page.getByText('The current password is incorrect.').waitFor()
  await field(page, 'Current password').fill(password)
  await page.getByRole('button', { name: 'Change password' }).click()
  await page.getByText('Your password was changed.').waitFor()

  await page.getByRole('link', { name: 'Tasks' }).click()
  await shows(['Call the plumber', 'Buy oat milk'])
  await page.getByRole('button', { name: 'Sign out' }).click()
  await logIn(page, email)
  await page.getByText('Your email or password is incorrect.').waitFor()
  await logIn(page, email, 'another-horse-8')
  await seen(page, 'Tasks')

  await page.getByRole('link', { name: 'Account' }).click()
  await page.getByRole('link', { name: 'Delete account' }).click()
  await field(page, 'Your password').fill('another-horse-8')
  await page.getByRole('button', { name: 'Delete my account' }).click()
  await page.getByText('Your account was deleted.').waitFor()
  await logIn(page, email, 'another-horse-8')
  await page.getByText('Your email or password is incorrect.').waitFor()
})

test('a user adds, completes, edits and deletes a task by keyboard only', async (t) => {
  const { page } = await site.signedUp()
  const press = (...keys: string[]) =>
    keys.reduce((done, key) => done.then(() => page.keyboard.press(key)), Promise.resolve())
  const until = (name: RegExp) =>
    eventually(t, `the focus reaches ${name}`, async () => {
      await press('Tab')
      // Past the last element the focus is on the browser's own controls, and the body stands for it.
      const { focus, isVisible } = await page.evaluate(() => {
        const { activeElement: element, body } = document
        return {
          focus: element?.getAttribute('aria-label') ?? element?.textContent,
          isVisible: element === body || element?.matches(':focus-visible')
        }
      })
      if (!isVisible) t.fail('focus that cannot be seen')
      return name.test(focus ?? '')
    })
  await field(page, 'New task').focus()
  await page.keyboard.type('By key')
  await press('Enter')
  await task(page, 'By key').waitFor()
  await until(/^Done: By key/)
  await press('Space')
  await eventually(t, 'done', () => task(page, 'By key').getByRole('checkbox').isChecked())
  await until(/^Edit “By key”/)
  await press('Enter')
  await eventually(t, 'the title has the focus', () =>
    field(page, 'Title').evaluate((input) => input === document.activeElement)
  )
  await page.keyboard.press('ControlOrMeta+a')
  await page.keyboard.type('By keyboard')
  await press('Control+Enter')
  await task(page, 'By keyboard').waitFor()
  await until(/^Delete “By keyboard”/)
  await press('Enter')
  await page.getByRole('button', { name: 'Undo: keep “By keyboard”' }).waitFor()
  await press('Enter')
  await task(page, 'By keyboard').waitFor()
})

test('a first visit asks for nothing that is refused, and finds every icon', async (t) => {
  const { page, context } = await site.person()
  const failed: string[] = []
  context.on('response', (answer) => {
    if (answer.status() >= 400) failed.push(`${answer.status()} ${answer.url()}`)
  })
  context.on('console', (message) => {
    if (message.type() === 'error') failed.push(message.text())
  })
  for (const [path, heading] of [
    ['/', 'Sign in'],
    ['/signup', 'Sign up']
  ] as const) {
    await page.goto(path)
    await seen(page, heading)
    await page.waitForLoadState('networkidle')
  }
  t.strictSame(failed, [])
  const links = await page.locator('link[rel~=icon], link[rel=apple-touch-icon], link[rel=manifest]').all()
  const urls = await Promise.all(links.map((link) => link.evaluate((element: HTMLLinkElement) => element.href)))
  t.equal(urls.length, 4)
  const manifest = await (await page.request.get('/manifest.webmanifest')).json()
  t.match(manifest, { name: 'Gatehouse', start_url: '/', display: 'standalone' })
  for (const url of ['/favicon.ico', ...urls, ...manifest.icons.map(({ src }: { src: string }) => src)]) {
    const answer = await page.request.get(url)
    t.equal(answer.status(), 200, url)
    t.match(answer.headers()['content-type'], /^(image\/|application\/manifest\+json)/, url)
  }
})
