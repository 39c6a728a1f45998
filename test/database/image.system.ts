import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'tap'
import { startEngine } from '../../src/database/embedded.ts'
import { keepImage, readImage } from '../../src/database/image.ts'
import '../helpers/without-database.ts'

test('the image of an empty database is built once, and an engine in memory starts from it', async (t) => {
  const folder = t.testdir()
  const path = join(folder, 'cache/database.tar')
  const image = await readImage(path)
  const { mtimeMs } = statSync(path)
  t.ok(Buffer.from(image).equals(await readImage(path)))
  t.equal(statSync(path).mtimeMs, mtimeMs)
  t.strictSame(readdirSync(join(folder, 'cache')), ['database.tar'], 'no draft is left behind')
  const pglite = await startEngine({ loadDataDir: new Blob([image]) })
  const { rows } = await pglite.query<{ users: number }>('select count(*)::int as users from users')
  t.strictSame(rows, [{ users: 0 }])
  await pglite.close()
})

test('an image that cannot be kept leaves no draft behind', (t) => {
  const folder = t.testdir({ file: '', folder: {} })
  for (const path of ['file/database.tar', 'folder']) keepImage(join(folder, path), Buffer.from('image'))
  t.strictSame(readdirSync(folder), ['file', 'folder'])
  t.end()
})
