import t, { test } from 'tap'
import { add, eventually, openSite, prolongUndo } from '../helpers/site.ts'

const site = await openSite(t)

test('a deleted row that scrolls back into view does not take the focus from typing', async (t) => {
  const { page } = await site.signedUp()
  await prolongUndo(page)
  for (const title of ['One', 'Two']) await add(page, title)
  await page.getByRole('button', { name: 'Delete “One”' }).click()
  const undo = page.getByRole('button', { name: 'Undo: keep “One”' })
  const hasFocus = (element: Element) => element === document.activeElement
  await eventually(t, 'the click leads to it', () => undo.evaluate(hasFocus))
  const search = page.getByRole('searchbox', { name: 'Search tasks' })
  await search.fill('Two')
  await undo.waitFor({ state: 'detached' })
  await search.fill('')
  await undo.waitFor()
  t.ok(await search.evaluate(hasFocus))
})
