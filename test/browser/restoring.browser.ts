import { createServer, request as forward } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Page, Route } from 'playwright-core'
import t, { type Test, test } from 'tap'
import { checkLooks } from '../helpers/looks.ts'
import { logIn, openSite, seen, signUp } from '../helpers/site.ts'

const site = await openSite(t)
const refreshes = '**/api/auth/refresh'
const members = ['/', '/profile', '/sessions', '/activity', '/password', '/delete-account']
const guests = [
  ['/login', 'Sign in'],
  ['/signup', 'Sign up']
] as const

/** Holds the next refresh until it is continued, answered or aborted. */
const held = (page: Page) => new Promise<Route>((resolve) => void page.route(refreshes, resolve, { times: 1 }))

test('until the session is known, no page shows a form or tasks', async (t) => {
  const { page } = await site.signedUp()
  for (const path of [...members, ...guests.map(([path]) => path)]) {
    const refresh = held(page)
    await page.goto(path)
    const route = await refresh
    await page.getByRole('status').getByText('Loading').waitFor({ state: 'attached' })
    t.equal(await page.locator('form').count(), 0, path)
    if (path === '/' || path === '/login')
      await checkLooks(t, page, `session-loading-${path === '/' ? 'tasks' : 'login'}`)
    await route.continue()
    const heading = {
      '/profile': 'Profile',
      '/sessions': 'Sessions',
      '/activity': 'Activity',
      '/password': 'Change password'
    }[path]
    await seen(page, heading ?? (path === '/delete-account' ? 'Delete account' : 'Tasks'))
  }
  t.equal(page.url(), `${site.url}/`, 'who is logged in goes on from the last page, which is for others')
})

test('a user who is logged in continues to the requested page, and only within the app', async (t) => {
  const { page } = await site.signedUp()
  for (const [next, heading] of [
    ['/profile', 'Profile'],
    ['https://evil.example/', 'Tasks'],
    ['//evil.example', 'Tasks']
  ] as const) {
    await page.goto(`/login?next=${encodeURIComponent(next)}`)
    await seen(page, heading)
    t.equal(new URL(page.url()).origin, site.url)
  }
})

test('when the server cannot restore the session, the user can retry or log in', async (t) => {
  const { page, email } = await site.signedUp()
  await page.route(refreshes, (route) => route.abort())
  for (const path of members) {
    await page.goto(path)
    await page.getByText('Your session could not be loaded').waitFor()
    await page.getByRole('link', { name: 'sign in again' }).waitFor()
  }
  await checkLooks(t, page, 'session-trouble')
  for (const [path, heading] of guests) {
    await page.goto(path)
    await seen(page, heading)
  }
  await page.goto('/profile')
  await page.getByRole('link', { name: 'sign in again' }).click()
  await logIn(page, email)
  await seen(page, 'Profile')
})

/**
 * A proxy that sends its upstream as Host, as nginx does by default, for pages of plain HTTP, where browsers send fewer
 * headers.
 */
async function withoutHost(t: Test): Promise<{ url: string; refused: string[] }> {
  const { hostname, port } = new URL(site.url)
  const refused: string[] = []
  const proxy = createServer((incoming, outgoing) => {
    const { method, url: path, headers } = incoming
    const upstream = forward({ hostname, port, method, path, headers: { ...headers, host: `${hostname}:${port}` } })
    upstream.on('response', (answer) => {
      if (answer.statusCode === 403) refused.push(`${method} ${path}`)
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(outgoing)
    })
    incoming.pipe(upstream)
  })
  await new Promise<void>((resolve) => void proxy.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    proxy.closeAllConnections()
    proxy.close()
  })
  return { url: `http://gatehouse.test:${(proxy.address() as AddressInfo).port}`, refused }
}

test('a page whose refresh is refused with 403 offers to log in, at every address', async (t) => {
  const { url, refused } = await withoutHost(t)
  const { page, email } = await site.person({ baseURL: url })
  await signUp(page, email)
  for (const path of members) {
    await page.goto(path)
    await seen(page, 'Sign in')
    t.equal(refused.pop(), 'POST /api/auth/refresh', path)
  }
  for (const [path, heading] of guests) {
    await page.goto(path)
    await seen(page, heading)
    t.equal(refused.pop(), 'POST /api/auth/refresh', path)
  }
  await page.goto('/profile')
  await checkLooks(t, page, 'refresh-refused')
  await logIn(page, email)
  await seen(page, 'Profile')
  await page.goto('/nowhere')
  await page.getByRole('link', { name: 'go to your tasks' }).click()
  await seen(page, 'Sign in')
})
