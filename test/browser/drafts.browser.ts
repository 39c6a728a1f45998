import type { Page } from 'playwright-core'
import t, { test } from 'tap'
import { add, eventually, field, openSite, task } from '../helpers/site.ts'
import { hold } from '../helpers/traffic.ts'

const site = await openSite(t)

const editor = (page: Page, title: string) => page.getByRole('form', { name: `Edit “${title}”` })
const edit = (page: Page, title: string) => page.getByRole('button', { name: `Edit “${title}”` }).click()
const save = (page: Page) => page.getByRole('button', { name: 'Save' }).click()

test('an edit stays open while another task is edited', async (t) => {
  const { page } = await site.signedUp()
  for (const title of ['One', 'Two', 'Three']) await add(page, title)
  await edit(page, 'One')
  await field(page, 'Title').fill('One, half wri')
  await edit(page, 'Two')
  await eventually(t, 'the new one has the focus', () =>
    editor(page, 'Two')
      .getByLabel('Title')
      .evaluate((input) => input === document.activeElement)
  )
  await edit(page, 'Three')
  await editor(page, 'Two').waitFor({ state: 'detached' })
  t.equal(await editor(page, 'One').getByLabel('Title').inputValue(), 'One, half wri')
  await editor(page, 'Three').getByRole('button', { name: 'Cancel' }).click()
  await page.getByRole('link', { name: 'Account' }).click()
  await page.getByRole('link', { name: 'Tasks' }).click()
  await editor(page, 'One').getByRole('button', { name: 'Save' }).click()
  await task(page, 'One, half wri').waitFor()
})

test('an edit that is refused while another is open opens again, and the other one stays', async (t) => {
  const { page } = await site.signedUp()
  for (const title of ['One', 'Two']) await add(page, title)
  const saving = await hold(page, 'PUT', /\/api\/tasks\//)
  await edit(page, 'One')
  await field(page, 'Title').fill('One, rewritten')
  await save(page)
  await edit(page, 'Two')
  await field(page, 'Title').fill('Two, half wri')
  await saving.held
  saving.letGo(500)
  await editor(page, 'One').getByText('abc-12345').waitFor()
  t.equal(await editor(page, 'One').getByLabel('Title').inputValue(), 'One, rewritten')
  const other = editor(page, 'Two').getByLabel('Title')
  t.equal(await other.inputValue(), 'Two, half wri')
  t.ok(await other.evaluate((input) => input === document.activeElement), 'the focus stays')
})

test('text written while the previous change is refused is saved with that change', async (t) => {
  const { page } = await site.signedUp()
  await add(page, 'First')
  const saving = await hold(page, 'PUT', /\/api\/tasks\//)
  await edit(page, 'First')
  await field(page, 'Title').fill('Renamed')
  await save(page)
  await saving.held
  await edit(page, 'Renamed')
  await field(page, 'Description').fill('And described')
  saving.letGo(503)
  await page.getByText('was not saved. The form shows why.').waitFor()
  t.equal(await field(page, 'Title').inputValue(), 'Renamed')
  const saved = page.waitForResponse((answer) => answer.request().method() === 'PUT' && answer.ok())
  await save(page)
  await saved
  await page.reload()
  await task(page, 'Renamed').getByText('And described').waitFor()
})
