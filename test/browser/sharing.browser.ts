import { test } from 'tap'
import { add, field, logIn, openSite, seen, task } from '../helpers/site.ts'

test('the answer to a request of the previous user is not shown to the next one', async (t) => {
  const site = await openSite(t)
  const { page } = await site.signedUp()
  const { email: next } = await site.signedUp()
  const [done, end] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  await page.route(/\/api\/tasks$/, async (route) => {
    if (route.request().method() !== 'POST') return route.fallback()
    const response = await route.fetch()
    done.resolve()
    await end.promise
    await route.fulfill({ response })
  })
  await field(page, 'New task').fill('Private')
  await page.getByRole('button', { name: 'Add', exact: true }).click()
  await done.promise
  await page.getByRole('button', { name: 'Sign out' }).click()
  await logIn(page, next)
  await seen(page, 'Tasks')
  const answered = page.waitForResponse((answer) => answer.request().method() === 'POST')
  end.resolve()
  await (await answered).finished()
  await page.unroute(/\/api\/tasks$/)
  await add(page, 'Mine')
  t.equal(await task(page, 'Private').count(), 0)
  t.equal(await page.getByText('Private').count(), 0, 'nor is it spoken of')
})
