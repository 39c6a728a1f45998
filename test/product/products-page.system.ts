import { execFile } from 'node:child_process'
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { test } from 'tap'
import { blocksOf } from '../helpers/guide.ts'

const root = join(import.meta.dirname, '../..')
const execute = promisify(execFile)

/** The package as a project has it. `npm run build` must have built it. */
async function install(folder: string): Promise<void> {
  await mkdir(join(folder, 'node_modules/@gatehouse'), { recursive: true })
  await symlink(root, join(folder, 'node_modules/@gatehouse/server'))
}

test('the example of docs/products.md passes its own tests, and the compiler', { timeout: 480_000 }, async (t) => {
  const folder = t.testdir({ 'package.json': '{"type":"module"}' })
  await install(folder)
  const page = await readFile(join(root, 'docs/products.md'), 'utf8')
  const files = blocksOf(page).filter(({ title }) => title)
  t.strictSame(
    files.map(({ title }) => title),
    ['migrations/0001_bookmarks.ts', 'src/product.ts', 'test/bookmarks.test.ts']
  )
  for (const { title = '', text } of files) {
    await mkdir(dirname(join(folder, title)), { recursive: true })
    await writeFile(join(folder, title), text)
  }
  const template = join(root, 'packages/create-gatehouse/template/base/tsconfig.json')
  await writeFile(join(folder, 'tsconfig.json'), await readFile(template))
  // Without tap's hooks.
  const run = (...args: string[]) =>
    execute('env', ['-u', 'NODE_OPTIONS', process.execPath, ...args], { cwd: folder }).then(
      ({ stdout }) => stdout,
      ({ stdout, stderr }) => `failed: ${stdout}${stderr}`
    )
  t.equal(await run(join(root, 'node_modules/typescript/bin/tsc'), '-p', folder), '')
  t.match(await run('--test', 'test/bookmarks.test.ts'), /^ℹ pass 4\nℹ fail 0$/m)
})
