import type { Page } from 'playwright-core'
import t, { test } from 'tap'
import { eventually, field, openSite, password, seen } from '../helpers/site.ts'

const site = await openSite(t)

const errors = (page: Page) => page.locator('.field-error').allTextContents()

test('an email that cannot be one is refused before it is sent', async (t) => {
  const { page, asked } = await site.person()
  for (const [path, button] of [
    ['/login', 'Sign in'],
    ['/signup', 'Sign up']
  ] as const) {
    await page.goto(path)
    await seen(page, button)
    if (path === '/signup') await field(page, 'Name').fill('Ann')
    await field(page, 'Password').fill(password)
    const before = asked.length
    for (const email of ['ann', 'ann@', '@example.com', 'ann@example', 'ann bell@example.com', 'ann@example..com']) {
      await field(page, 'Email').fill(email)
      await page.getByRole('button', { name: button }).click()
      await page.getByText('Enter an email address such as ann@example.com.').waitFor()
    }
    t.equal(asked.length, before, 'nothing is sent')
    await field(page, 'Email').fill(`ann.o'bell+${crypto.randomUUID()}@müller.example`)
    await page.getByRole('button', { name: button }).click()
    await eventually(t, 'an international address is sent', () => asked.length > before)
  }
})

test('an error disappears when its field changes, and the others stay', async (t) => {
  const { page } = await site.person()
  await page.goto('/signup')
  await seen(page, 'Sign up')
  await page.getByRole('button', { name: 'Sign up' }).click()
  await eventually(t, 'three errors', async () => (await errors(page)).length === 3)
  await field(page, 'Email').fill('a')
  t.strictSame(await errors(page), ['Enter a name.', 'Enter a new password.'])
  t.equal(await field(page, 'Email').getAttribute('aria-invalid'), 'false')
  t.ok(await field(page, 'Email').evaluate((input) => input === document.activeElement), 'the focus stays')
  await page.goto('/login')
  await field(page, 'Email').fill('nobody@example.com')
  await field(page, 'Password').fill('wrong-horse-7')
  await page.getByRole('button', { name: 'Sign in' }).click()
  const refusal = page.getByText('Your email or password is incorrect.')
  await refusal.waitFor()
  await field(page, 'Password').pressSequentially('8')
  await refusal.waitFor({ state: 'detached' })
})

test('a taken email leads to signing in, where it is filled in', async (t) => {
  const { page, email } = await site.signedUp()
  await page.goto('/password')
  await seen(page, 'Change password')
  await page.getByRole('button', { name: 'Sign out' }).click()
  await seen(page, 'Sign in')
  await page.goto('/signup?next=%2Fprofile')
  await field(page, 'Name').fill('Ann')
  await field(page, 'Email').fill(email)
  await field(page, 'Password').fill(password)
  await page.getByRole('button', { name: 'Sign up' }).click()
  await page.getByText('An account with this email already exists.').waitFor()
  await page.getByRole('link', { name: 'Sign in instead?' }).click()
  await seen(page, 'Sign in')
  t.equal(await field(page, 'Email').inputValue(), email)
  t.notMatch(page.url(), /example\.com/, 'the email is not in the address')
  await field(page, 'Password').fill(password)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await seen(page, 'Profile')
  await page.getByRole('button', { name: 'Sign out' }).click()
  await seen(page, 'Sign in')
  t.equal(await field(page, 'Email').inputValue(), '', 'the next user does not see it')
})

test('a wait of minutes is shown as minutes and seconds, and its reason stays', async (t) => {
  const { page } = await site.person()
  await page.route('**/api/auth/login', (route) =>
    route.fulfill({
      status: 429,
      headers: { 'retry-after': '893', 'content-type': 'application/problem+json' },
      body: JSON.stringify({ status: 429, code: 'too_many_requests', detail: 'Too many requests' })
    })
  )
  await page.goto('/login')
  await page.clock.setFixedTime(Date.now())
  await field(page, 'Email').fill('ann@example.com')
  await field(page, 'Password').fill(password)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByRole('button', { name: 'Try again in 14:53' }).waitFor()
  await field(page, 'Password').fill('another-horse-8')
  await page.getByText('Too many attempts. Try again in 15 minutes.').waitFor()
  t.equal(await page.getByRole('button', { name: /Wait \d/ }).count(), 0)
})

test('a name is changed only when it differs', async (t) => {
  const { page, asked } = await site.signedUp()
  await page.goto('/profile')
  const name = field(page, 'Name')
  await name.waitFor()
  const button = page.getByRole('button', { name: 'Change name' })
  const changes = () => asked.filter((line) => line.startsWith('PUT')).length
  for (const same of ['Ann', ' Ann ']) {
    await name.fill(same)
    t.equal(await button.getAttribute('aria-disabled'), 'true', JSON.stringify(same))
    await name.press('Enter')
  }
  await name.fill('Anna')
  t.equal(await button.getAttribute('aria-disabled'), 'false')
  await button.click()
  await page.getByText('Your name was changed.').waitFor()
  t.equal(changes(), 1, 'one change is sent')
  await eventually(t, 'no change is left', async () => (await button.getAttribute('aria-disabled')) === 'true')
})

test('the strength of a password grows as its rules are met', async (t) => {
  const { page } = await site.person()
  await page.goto('/signup')
  await seen(page, 'Sign up')
  const strength = async () => (await page.locator('.strength').textContent()) ?? ''
  const met = () => page.locator('.rules [data-met=true]').count()
  t.equal((await strength()).trim(), '')
  for (const [typed, rules, words] of [
    ['abc', 1, 'Strength: Weak'],
    ['abcdefgh', 2, 'Strength: Weak'],
    ['abcdefg 1', 3, 'Strength: Fair'],
    ['five pale wagons', 3, 'Strength: Strong'],
    ['abcabcabcabcabcabc', 3, 'Strength: Fair']
  ] as const) {
    await field(page, 'Password').fill(typed)
    t.equal((await strength()).trim(), words, typed)
    t.equal(await met(), rules, typed)
  }
})
