import { fileURLToPath } from 'node:url'
import t, { test } from 'tap'
import { checkLooks } from '../helpers/looks.ts'
import { openSite, seen } from '../helpers/site.ts'

// With any other folder, the app may have its own routes.
const site = await openSite(t, { WEB_DIR: fileURLToPath(new URL('../../web/dist', import.meta.url)) })

const looks = {
  light: { colorScheme: 'light', viewport: { width: 1280, height: 800 } },
  phone: { colorScheme: 'dark', viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true }
} as const

for (const [look, options] of Object.entries(looks))
  test(`an unknown address shows the page that says so, with status 404, ${look}`, async (t) => {
    const { page } = await site.person(options)
    for (const path of ['/nowhere', '/projects/5?tab=all', '/%C3%A9t%C3%A9', '/login/more', '/profile//']) {
      const answer = await page.goto(path)
      t.equal(answer?.status(), 404, path)
      await seen(page, 'Page not found')
      t.match(await page.title(), /^Page not found/)
    }
    await checkLooks(t, page, `not-found-${look}`)
    await page.getByRole('link', { name: 'go to your tasks' }).click()
    await seen(page, 'Sign in')
  })

test('a user stays logged in on an unknown address', async (t) => {
  const { page } = await site.signedUp()
  t.equal((await page.goto('/nowhere'))?.status(), 404)
  await seen(page, 'Page not found')
  await page.getByRole('link', { name: 'go to your tasks' }).click()
  await seen(page, 'Tasks')
  await page.goBack()
  await seen(page, 'Page not found')
})

test('an extra slash redirects to the page, with its query', async (t) => {
  const { page } = await site.person()
  for (const [asked, shown, heading] of [
    ['/login/', '/login', 'Sign in'],
    ['/signup/?next=%2Fprofile', '/signup?next=%2Fprofile', 'Sign up'],
    ['/profile/', '/login?next=%2Fprofile', 'Sign in']
  ] as const) {
    t.equal((await page.goto(asked))?.status(), 200, asked)
    await seen(page, heading)
    t.equal(page.url(), `${site.url}${shown}`)
  }
})
