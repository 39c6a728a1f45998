import { copyFileSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import { type Test, test } from 'tap'
import { run } from '../helpers/process.ts'
import '../helpers/without-database.ts'

/** A front end with this configuration. */
function frontEnd(t: Test, config: string, more = {}) {
  const files = { 'index.html': '<p>new</p>', 'compress.ts': '', 'package.json': '{"type":"module"}' }
  const folders = { src: {}, client: {}, public: {} }
  const folder = t.testdir({ ...files, ...folders, 'vite.config.ts': config, ...more })
  copyFileSync(new URL('../../web/build.ts', import.meta.url), join(folder, 'build.ts'))
  return { folder, build: () => run(t, join(folder, 'build.ts'), {}).ended }
}

const working = 'export default { root: import.meta.dirname }'

test('a front end is built once for each state of its sources', async (t) => {
  const { build } = frontEnd(t, working)
  t.match(await build(), { code: 0, stdout: /^Built the front end in \d+ ms\n$/ })
  t.strictSame(await build(), { code: 0, stdout: '', stderr: '' })
})

test('a failed build is reported, with what is served instead', async (t) => {
  const broken = 'throw new Error("no such plug-in")'
  const none = await frontEnd(t, broken).build()
  t.match(none, { code: 1, stderr: /not built: .*no such plug-in/ })
  t.match(none.stderr, /the API is served alone/)
  const { folder, build } = frontEnd(t, broken, { dist: { 'index.html': '<p>old</p>' } })
  utimesSync(join(folder, 'dist/index.html'), 0, 0)
  t.match(await build(), { code: 1, stderr: /older one is served/ })
})
