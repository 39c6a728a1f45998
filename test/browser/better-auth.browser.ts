import type { Page } from 'playwright-core'
import t, { type Test, test } from 'tap'
import { startNextApp, withoutNext } from '../helpers/next-app.ts'
import { unusedPort } from '../helpers/ports.ts'
import { eventually, openSite, password } from '../helpers/site.ts'

// Each command has its own time.
t.setTimeout(0)

const secret = 'the-secret-of-the-front-end-and-nobody-else'

async function start(t: Test) {
  const origin = `http://localhost:${await unusedPort()}`
  const site = await openSite(t, { BETTER_AUTH_URL: origin, CORS_ORIGINS: origin })
  const app = await startNextApp(t, { origin, gatehouse: site.url, secret })

  /** A new account of Better Auth, in a signed-out browser profile. */
  async function account() {
    const email = `${crypto.randomUUID()}@example.com`
    const body = JSON.stringify({ email, name: email, password })
    const headers = { origin, 'content-type': 'application/json' }
    const answer = await fetch(`${origin}/api/auth/sign-up/email`, { method: 'POST', headers, body })
    t.equal(answer.status, 200, 'Better Auth has the account')
    return email
  }

  // Creates the first key now, so that Gatehouse does not wait for it.
  await fetch(`${origin}/api/auth/jwks`)

  let visitors = 0
  /** A separate browser and address, because Better Auth limits sign-ins by address. */
  async function visitor() {
    visitors += 1
    const address = `203.0.113.${visitors}`
    const somebody = await site.person({ baseURL: origin })
    await somebody.context.route(`${origin}/api/auth/**`, (route) =>
      route.continue({ headers: { ...route.request().headers(), 'x-forwarded-for': address } })
    )
    return somebody
  }
  return { origin, site, app, account, visitor }
}

async function signIn(page: Page, email: string): Promise<void> {
  await page.getByLabel('Email').fill(email)
  await page.getByLabel('Password').fill(password)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByLabel('New task').waitFor()
}

async function add(page: Page, title: string): Promise<void> {
  await page.getByLabel('New task').fill(title)
  await page.getByRole('button', { name: 'Add' }).click()
}

/** Like another page of the front end, unknown to this one. */
const signOutElsewhere = (page: Page) =>
  page.evaluate(() =>
    fetch('/api/auth/sign-out', { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' })
  )

test('the documented Next.js application never mixes up two users', { skip: withoutNext }, async (t) => {
  const { origin, site, app, account, visitor } = await start(t)
  const [ann, ben] = [await account(), await account()]

  await t.test('the next user to sign in on the same page sees only their own tasks', async (t) => {
    const { page, context } = await visitor()
    await page.goto('/')
    await signIn(page, ann)
    await add(page, 'Of Ann')
    await page.getByRole('listitem').filter({ hasText: 'Of Ann' }).waitFor()
    const other = await context.newPage()
    await other.goto('/')
    await signOutElsewhere(other)
    await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')))
    await page.getByLabel('Email').waitFor()
    await signIn(page, ben)
    await add(page, 'Of Ben')
    await page.getByRole('listitem').filter({ hasText: 'Of Ben' }).waitFor()
    t.strictSame(await page.getByRole('listitem').allTextContents(), ['Of Ben'])
    await page.reload()
    await page.getByRole('listitem').first().waitFor()
    t.strictSame(await page.getByRole('listitem').allTextContents(), ['Of Ben'])
  })

  await t.test('a page of one user adds nothing to the account of the next', async (t) => {
    const { page, context } = await visitor()
    await page.goto('/')
    await signIn(page, ann)
    await page.getByRole('listitem').filter({ hasText: 'Of Ann' }).waitFor()
    // The page does not learn that the session has changed.
    await page.route('**/api/auth/get-session*', (route) => route.abort())
    const other = await context.newPage()
    await other.goto('/')
    await other.getByRole('button', { name: 'Sign out' }).click()
    await signIn(other, ben)
    await page.bringToFront()
    await add(page, 'Written by Ann')
    await page.getByText('You are no longer signed in as the user of this page.').waitFor()
    await other.reload()
    await other.getByRole('listitem').first().waitFor()
    t.strictSame(await other.getByRole('listitem').allTextContents(), ['Of Ben'])
  })

  await t.test('signing out ends the session when Gatehouse does not answer', async (t) => {
    const { page, context } = await visitor()
    await page.goto('/')
    await signIn(page, ann)
    await page.route(`${site.url}/**`, (route) => route.abort())
    await page.getByRole('button', { name: 'Sign out' }).click()
    await page.getByLabel('Email').waitFor()
    await page.reload()
    await page.getByLabel('Email').waitFor()
    await eventually(t, 'the cookie of the session is gone', async () =>
      (await context.cookies()).every(({ name }) => !name.includes('session_token'))
    )
  })

  await t.test(
    "a page rendered on the server shows its visitor's tasks, and redirects a signed-out visitor",
    async (t) => {
      const { page } = await visitor()
      await page.goto('/server')
      await page.waitForURL(`${origin}/`)
      await signIn(page, ann)
      await page.goto('/server')
      await page.getByRole('listitem').filter({ hasText: 'Of Ann' }).waitFor()
      t.notMatch(app.output(), /APIError|⨯/)
    }
  )
})
