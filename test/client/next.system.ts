import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { test } from 'tap'
import '../helpers/without-database.ts'

const web = new URL('../../web/', import.meta.url)
const documentation = await readFile(new URL('../../docs/frontend.md', import.meta.url), 'utf8')
const blocks = documentation.split('```').filter((_, index) => index % 2 === 1)
const block = (start: string) => blocks.find((text) => text.startsWith(start))?.replace(/^\w+\n/, '') ?? ''

/** The options of `create-next-app` 16, without its plugin and paths. */
const defaults = {
  target: 'ES2017',
  lib: ['dom', 'dom.iterable', 'esnext'],
  allowJs: true,
  skipLibCheck: true,
  strict: true,
  noEmit: true,
  esModuleInterop: true,
  module: 'esnext',
  moduleResolution: 'bundler',
  resolveJsonModule: true,
  isolatedModules: true,
  jsx: 'preserve'
}

test('the documented app compiles with the options of Next.js and the documented one, and not without that', async (t) => {
  const folder = await mkdtemp(fileURLToPath(new URL('report-', web)))
  t.teardown(() => rm(folder, { recursive: true }))
  await mkdir(join(folder, 'src'))
  for (const name of ['src/gatehouse.ts', 'src/App.tsx'])
    await writeFile(join(folder, name), block(`${name.split('.')[1]}\n// ${name}\n`))

  async function compile(options: object) {
    const settings = { compilerOptions: { ...defaults, ...options, types: [] }, include: ['src'] }
    await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(settings))
    const tsc = fileURLToPath(new URL('node_modules/typescript/bin/tsc', web))
    return new Promise<string>((resolve) =>
      execFile(process.execPath, [tsc, '-p', folder], (error, stdout) => resolve(error ? stdout || String(error) : ''))
    )
  }

  t.match(await compile({}), /TS5097/)
  t.equal(await compile(JSON.parse(block('json\n')).compilerOptions), '')
})
