import type { Page } from 'playwright-core'
import t, { test } from 'tap'
import { eventually, openSite, seen } from '../helpers/site.ts'

const site = await openSite(t)

/** Answers the first requests for these files as an overloaded server does. Returns how many it refused. */
async function refuse(page: Page, files: string, times: number) {
  const refused = { count: 0 }
  await page.route(files, (route) => {
    if (refused.count === times) return route.fallback()
    refused.count += 1
    return route.fulfill({ status: 503, headers: { 'Retry-After': '1' }, body: '{}' })
  })
  return refused
}

const html = await (await fetch(site.url)).text()

test('a page says that its script is refused, and opens when it is there', async (t) => {
  const { page } = await site.person()
  const file = html.match(/src="(\/assets\/[^"]+)"/)?.[1]
  const refused = await refuse(page, `**${file}`, 2)
  await page.goto('/login')
  await page.getByRole('alert').getByText('Gatehouse could not be loaded').waitFor()
  await seen(page, 'Sign in')
  t.equal(refused.count, 2, `${file}`)
})

test('a page whose script is refused can be loaded again by hand', async (t) => {
  const { page } = await site.person()
  await refuse(page, '**/assets/index-*.js', 1)
  // Its own tries are off.
  await page.addInitScript(() => Reflect.set(globalThis, 'fetch', () => new Promise(() => {})))
  await page.goto('/login')
  const button = page.getByRole('button', { name: 'Try again' })
  await button.waitFor()
  await page.unroute('**/assets/index-*.js')
  await button.click()
  await page.getByText('Loading').waitFor({ state: 'attached' })
  t.equal(await button.count(), 0)
})

test('a style sheet that is refused is loaded again, without losing the page', async (t) => {
  const { page } = await site.person()
  const refused = await refuse(page, '**/assets/*.css', 2)
  await page.goto('/login')
  await seen(page, 'Sign in')
  await page.getByLabel('Email').fill('ann@example.com')
  await eventually(t, 'the header has its style', () =>
    page.locator('.bar').evaluate((bar) => getComputedStyle(bar).position === 'sticky')
  )
  t.equal(refused.count, 2)
  t.equal(await page.getByLabel('Email').inputValue(), 'ann@example.com')
})
