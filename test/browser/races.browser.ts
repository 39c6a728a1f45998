import t, { test } from 'tap'
import { add, eventually, openSite, task } from '../helpers/site.ts'
import { hold, lookBack, seed } from '../helpers/traffic.ts'

const site = await openSite(t)

test('a task that is added while more are loading stays', async (t) => {
  const { page } = await site.signedUp()
  await seed(
    page,
    Array.from({ length: 35 }, (_, i) => `Task ${i}`)
  )
  await task(page, 'Task 34').waitFor()
  const more = await hold(page, 'GET', /cursor=/)
  await page.getByRole('button', { name: 'Show more' }).scrollIntoViewIfNeeded()
  await more.held
  await add(page, 'Fresh task')
  more.letGo()
  await eventually(t, 'the others have come', async () => {
    await page.mouse.wheel(0, 4_000)
    return (await task(page, 'Task 0').count()) === 1
  })
  t.equal(await task(page, 'Fresh task').count(), 1)
  t.equal(await page.getByText('on another device').count(), 0)
})

test('a task completed out of its view returns with a notice when that is refused', async (t) => {
  const { page } = await site.signedUp()
  await add(page, 'Steady')
  await page.getByText('To do', { exact: true }).click()
  const ticking = await hold(page, 'PUT', /\/api\/tasks\//)
  await task(page, 'Steady').getByRole('checkbox').click()
  await ticking.held
  await task(page, 'Steady').waitFor({ state: 'detached' })
  ticking.letGo(500)
  await page.getByRole('alert').getByText('“Steady” was not changed.').waitFor()
  await task(page, 'Steady').waitFor()
  t.notOk(await task(page, 'Steady').getByRole('checkbox').isChecked())
})

test('a task completed while the list is reloaded stays completed', async (t) => {
  const { page } = await site.signedUp()
  await add(page, 'Box')
  const reading = await hold(page, 'GET', /\/api\/tasks\?/)
  await lookBack(page)
  await reading.held
  await task(page, 'Box').getByRole('checkbox').click()
  await eventually(t, 'saved', async () => (await page.getByText('Saving…').count()) === 0)
  reading.letGo()
  await add(page, 'Later')
  t.ok(await task(page, 'Box').getByRole('checkbox').isChecked())
})
