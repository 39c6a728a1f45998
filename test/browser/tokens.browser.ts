import t, { test } from 'tap'
import { add, eventually, field, openSite, seen, task } from '../helpers/site.ts'
import { until } from '../helpers/wait.ts'

const site = await openSite(t)

/** Milliseconds after which an access token has expired. */
const week = 7 * 24 * 3_600_000

const refreshes = (asked: string[]) => asked.filter((line) => line.includes('/api/auth/refresh')).length

test('tabs whose tokens expire at the same time refresh once', async (t) => {
  const { page, context, asked } = await site.signedUp()
  const pages = [page, await context.newPage(), await context.newPage()]
  await Promise.all(
    pages.map(async (tab) => {
      await tab.goto('/')
      await seen(tab, 'Tasks')
    })
  )
  await add(page, 'Shared')
  await Promise.all(pages.map((tab) => tab.reload()))
  await Promise.all(pages.map((tab) => task(tab, 'Shared').waitFor()))

  const before = refreshes(asked)
  for (const tab of pages) await tab.clock.setFixedTime(Date.now() + week)
  await Promise.all(
    pages.map(async (tab, i) => {
      const box = task(tab, 'Shared').getByRole('checkbox')
      await (i === 1 ? box.click() : tab.getByText('Done', { exact: true }).click())
    })
  )
  await Promise.all(pages.map((tab) => tab.getByText('Saving…').waitFor({ state: 'detached' })))
  await eventually(t, 'every tab asked', () => asked.filter((line) => /status=completed/.test(line)).length >= 2)
  t.equal(refreshes(asked) - before, 1)
  for (const tab of pages) await tab.getByRole('button', { name: 'Sign out' }).waitFor()
})

test('a token that expires during an edit loses no text', async (t) => {
  const site = await openSite(t, { ACCESS_TOKEN_TTL: '4s' })
  const before = Date.now()
  const { page, context, asked } = await site.signedUp()
  let authorization = ''
  context.on('request', (request) => {
    authorization = request.headers().authorization ?? authorization
  })
  // With a stopped clock, the page trusts its token, but the server does not.
  await page.clock.setFixedTime(before)
  await add(page, 'Draft')
  await page.getByRole('button', { name: 'Edit “Draft”' }).click()
  await field(page, 'Title').fill('Written at length')
  await field(page, 'Description').fill('over more than four seconds')
  await until('the token to expire', async () => {
    const answer = await context.request.get('/api/auth/me', { headers: { authorization } })
    return answer.status() === 401
  })
  const sofar = asked.length
  const refused = page.waitForResponse((answer) => answer.status() === 401)
  await page.getByRole('button', { name: 'Save' }).click()
  t.match(await (await refused).json(), { code: 'token_expired' })
  await task(page, 'Written at length').getByText('over more than four seconds').waitFor()
  await eventually(t, 'saved', async () => (await page.getByText('Saving…').count()) === 0)
  t.match(
    asked.slice(sofar, sofar + 3).map((line) => line.replace(/[\da-f-]{36}/, ':id')),
    ['PUT /api/tasks/:id', 'POST /api/auth/refresh', 'PUT /api/tasks/:id']
  )
  await page.reload()
  await task(page, 'Written at length').waitFor()
})
