import type { Page, Route } from 'playwright-core'

const problem = (status: number) => ({
  status,
  contentType: 'application/problem+json',
  body: JSON.stringify({ status, code: 'internal_error', detail: 'Internal error', request_id: 'abc-12345' })
})

/** Holds the first matching request until it is released, or answered with a status. Reads happen before the wait. */
export async function hold(page: Page, method: string, url: RegExp) {
  const held = Promise.withResolvers<void>()
  const end = Promise.withResolvers<number | undefined>()
  let taken = false

  async function keep(route: Route) {
    if (taken || route.request().method() !== method) return route.fallback()
    taken = true
    const response = method === 'GET' ? await route.fetch() : undefined
    held.resolve()
    const status = await end.promise
    // The page may have aborted it meanwhile.
    await (response ? route.fulfill({ response }) : status ? route.fulfill(problem(status)) : route.continue()).catch(
      () => {}
    )
  }

  await page.route(url, keep)
  return { held: held.promise, letGo: (status?: number) => end.resolve(status) }
}

/** Adds tasks by the API, and shows them. */
export async function seed(page: Page, titles: string[]): Promise<void> {
  const first = page.waitForRequest(/\/api\/tasks/)
  await page.reload()
  const { authorization = '' } = (await first).headers()
  for (const title of titles) await page.request.post('/api/tasks', { data: { title }, headers: { authorization } })
  await page.reload()
}

/** Like returning from another window. */
export const lookBack = (page: Page) => page.evaluate(() => void dispatchEvent(new Event('visibilitychange')))
