import t, { test } from 'tap'
import { add, eventually, field, openSite, task } from '../helpers/site.ts'

const site = await openSite(t)

test('an edit stays while another task is edited', async (t) => {
  const { page } = await site.signedUp()
  for (const title of ['One', 'Two', 'Three']) await add(page, title)
  const editor = (title: string) => page.getByRole('form', { name: `Edit “${title}”` })
  const edit = (title: string) => page.getByRole('button', { name: `Edit “${title}”` }).click()
  await edit('One')
  await field(page, 'Title').fill('One, half wri')
  await edit('Two')
  await eventually(t, 'the new one has the focus', () =>
    editor('Two')
      .getByLabel('Title')
      .evaluate((input) => input === document.activeElement)
  )
  await edit('Three')
  await editor('Two').waitFor({ state: 'detached' })
  t.equal(await editor('One').getByLabel('Title').inputValue(), 'One, half wri')
  await editor('Three').getByRole('button', { name: 'Cancel' }).click()
  await page.getByRole('link', { name: 'Account' }).click()
  await page.getByRole('link', { name: 'Tasks' }).click()
  await editor('One').getByRole('button', { name: 'Save' }).click()
  await task(page, 'One, half wri').waitFor()
})
