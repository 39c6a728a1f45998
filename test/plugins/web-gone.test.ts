import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'tap'
import { startApp } from '../helpers/app.ts'

test('a file deleted while the server runs answers 404', async (t) => {
  const WEB_DIR = t.testdir({ 'index.html': '<!doctype html>', 'icon.svg': '<svg/>' })
  const { app } = await startApp(t, { settings: { WEB_DIR } })
  for (const name of ['index.html', 'icon.svg']) rmSync(join(WEB_DIR, name))
  for (const url of ['/', '/icon.svg']) t.match((await app.inject(url)).json(), { status: 404, code: 'not_found' })
})
