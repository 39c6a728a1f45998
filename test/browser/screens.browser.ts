import type { Locator, Page } from 'playwright-core'
import t, { test } from 'tap'
import { add, eventually, field, openSite, prolongUndo, seen, task } from '../helpers/site.ts'
import { seed } from '../helpers/traffic.ts'

const site = await openSite(t)

const desktop = { viewport: { width: 1280, height: 800 } }
const phone = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true }

async function boxOf(locator: Locator) {
  const box = await locator.boundingBox()
  if (!box) throw new Error('not visible')
  return box
}

const backgrounds = (page: Page) =>
  page
    .locator('.segments span')
    .evaluateAll((spans) => spans.map((span) => getComputedStyle(span).backgroundColor).join(' '))

test('the header stays in view, and shows who is signed in and how much there is to do', async (t) => {
  const { page } = await site.signedUp(desktop)
  await prolongUndo(page)
  const header = page.getByRole('banner')
  await header.getByRole('link', { name: 'Account' }).getByText('Ann').waitFor()
  await seed(
    page,
    Array.from({ length: 20 }, (_, i) => `Task ${10 + i}`)
  )
  const count = (text: string) => header.getByRole('link', { name: 'Tasks' }).getByText(text, { exact: true }).waitFor()
  await count('20 to do')
  await task(page, 'Task 29').getByRole('checkbox').click()
  await count('19 to do')
  await task(page, 'Task 29').getByRole('checkbox').click()
  await count('20 to do')
  await page.getByRole('button', { name: 'Delete “Task 28”' }).click()
  await count('19 to do')
  await page.getByRole('button', { name: 'Undo: keep “Task 28”' }).click()
  await count('20 to do')
  await task(page, 'Task 10').scrollIntoViewIfNeeded()
  t.equal((await boxOf(header)).y, 0, 'scrolled')
  await page.goto('/profile')
  await count('20 to do')
})

test('when there are more tasks than one page, the header shows 30+ to do', async (t) => {
  const { page } = await site.signedUp(desktop)
  await seed(
    page,
    Array.from({ length: 31 }, (_, i) => `Task ${10 + i}`)
  )
  await page.getByRole('banner').getByText('30+ to do', { exact: true }).waitFor()
  t.equal(await page.getByRole('list', { name: 'Tasks' }).getByRole('listitem').count(), 30)
})

test('on a desktop a task takes 56 pixels, with or without a description', async (t) => {
  const { page } = await site.signedUp(desktop)
  await add(page, 'Short')
  await add(page, 'Described', 'word '.repeat(300))
  await add(page, 'Described in a few words', 'Two litres')
  for (const title of ['Short', 'Described', 'Described in a few words'])
    t.equal(Math.floor((await boxOf(task(page, title))).height), 56, title)
  await page.getByRole('button', { name: 'More of “Described”' }).click()
  t.ok((await boxOf(task(page, 'Described'))).height > 150, 'all of it on request')
})

test("on a phone the icons are on the title's line", async (t) => {
  for (const viewport of [phone.viewport, { width: 320, height: 640 }]) {
    const { page } = await site.signedUp({ ...phone, viewport })
    await add(page, 'Short', 'A description that takes more than one line of a phone, and then some more words')
    const title = await boxOf(page.locator('.task-title'))
    for (const name of ['Edit “Short”', 'Delete “Short”']) {
      const icon = await boxOf(page.getByRole('button', { name }).locator('svg'))
      const middle = icon.y + icon.height / 2
      t.ok(title.y <= middle && middle <= title.y + title.height, `${viewport.width}: ${name}`)
      t.ok(icon.x > title.x + 40 && icon.x + icon.width < viewport.width - 16, 'at its end')
    }
  }
})

test('an editor that opens shows its buttons', async (t) => {
  const { page } = await site.signedUp(desktop)
  await seed(
    page,
    Array.from({ length: 12 }, (_, i) => `Task ${10 + i}`)
  )
  await task(page, 'Task 21').waitFor()
  const rows = page.getByRole('list', { name: 'Tasks' }).getByRole('listitem')
  const last = await rows.evaluateAll(
    (items) =>
      items.findLast((item) => item.getBoundingClientRect().bottom < innerHeight)?.querySelector('p')?.textContent
  )
  await page.getByRole('button', { name: `Edit “${last}”` }).click()
  const save = page.getByRole('button', { name: 'Save' })
  await eventually(t, 'Save is in view', async () => {
    const { y, height } = await boxOf(save)
    return y > 60 && y + height <= 800
  })
  await field(page, 'Description').fill('line\n'.repeat(60))
  await eventually(t, 'also below a long description', async () => {
    const { y, height } = await boxOf(save)
    return y + height <= 800
  })
})

test('the selected filter is distinguishable in forced colours', async (t) => {
  const { page } = await site.signedUp({ forcedColors: 'active', ...desktop })
  const [all, pending, completed] = (await backgrounds(page)).split(/(?<=\)) /)
  t.not(all, pending)
  t.equal(pending, completed)
  await page.getByText('To do', { exact: true }).click()
  await eventually(t, 'another one', async () => {
    const [before, now] = (await backgrounds(page)).split(/(?<=\)) /)
    return before === completed && now === all
  })
})

test('dates are written as the browser does in its language', async (t) => {
  for (const [locale, pattern] of [
    ['de-DE', /^\d\d\.\d\d\.\d{4}, \d\d:\d\d$/],
    ['en-GB', /^\d{1,2} \w{3,4} \d{4}, \d\d:\d\d$/],
    ['en-US', /^\w{3} \d{1,2}, \d{4}, \d{1,2}:\d\d\s[AP]M$/]
  ] as const) {
    const { page } = await site.signedUp({ locale })
    await page.goto('/profile')
    await seen(page, 'Profile')
    t.match(await page.locator('dd').nth(1).textContent(), pattern, locale)
  }
})

test('a task shows its age only from the second day on', async (t) => {
  const { page } = await site.signedUp(desktop)
  await add(page, 'Fresh')
  t.equal(await task(page, 'Fresh').locator('time').count(), 0)
  await page.clock.setFixedTime(Date.now() + 49 * 3_600_000)
  await page.reload()
  await task(page, 'Fresh').getByText('2 days ago').waitFor()
})

test('the list of keys can be opened in a narrow window, but not on a screen to touch', async (t) => {
  const { page } = await site.signedUp({ viewport: { width: 640, height: 400 } })
  const button = page.getByRole('button', { name: 'Keyboard shortcuts' })
  await button.click()
  await page.getByRole('dialog', { name: 'Keyboard shortcuts' }).waitFor()
  const { page: touched } = await site.signedUp(phone)
  t.notOk(await touched.getByText('Keyboard shortcuts').isVisible())
})

test('in forced colours the columns are aligned, and only the current page is underlined', async (t) => {
  const { page } = await site.signedUp({ forcedColors: 'active', ...desktop })
  const filters = await boxOf(page.locator('.filters'))
  t.equal((await boxOf(page.getByRole('button', { name: 'Keyboard shortcuts' }))).x, filters.x)
  const lines = await page.locator('.bar .nav-link').evaluateAll((links) =>
    links.map((link) => {
      const { borderTopColor, borderBottomColor } = getComputedStyle(link)
      const { backgroundColor } = getComputedStyle(document.body)
      return [borderTopColor, borderBottomColor].map((color) => color !== backgroundColor)
    })
  )
  t.strictSame(lines, [
    [false, true],
    [false, false]
  ])
})
