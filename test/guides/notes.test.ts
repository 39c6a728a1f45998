import { readFile } from 'node:fs/promises'
import { test } from 'tap'
import { blocksOf } from '../helpers/guide.ts'
import '../helpers/without-database.ts'

const template = new URL('../../packages/create-gatehouse/template/base/', import.meta.url)

test('the guide to notes prints the files of a created project', async (t) => {
  const page = await readFile(new URL('../../docs/guides/notes.md', import.meta.url), 'utf8')
  const files = blocksOf(page).filter(
    ({ language, title }) => language === 'ts' && title !== 'migrations/0002_pinned.ts'
  )
  t.equal(files.length, 8)
  for (const { title = '', text } of files) t.equal(text, await readFile(new URL(title, template), 'utf8'), title)
})
