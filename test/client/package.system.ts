import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { test } from 'tap'
import '../helpers/without-database.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
const documentation = await readFile(join(root, 'docs/frontend.md'), 'utf8')

/** The documented file of this name. */
const example = (name: string) =>
  documentation
    .split('```')
    .find((text, index) => index % 2 === 1 && text.includes(`// ${name}\n`))
    ?.replace(/^\w+\n/, '') ?? ''

/** The options of `create-next-app` 16, without its plugin and paths. */
const nextOptions = {
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
  jsx: 'preserve',
  types: []
}

/** Runs a program of Node.js, without tap's hooks; resolves to its output, of both kinds if it fails. */
const node = (...args: string[]) =>
  new Promise<string>((resolve) =>
    execFile('env', ['-u', 'NODE_OPTIONS', process.execPath, ...args], (error, stdout, stderr) =>
      resolve(error ? `${stdout}${stderr}` || String(error) : stdout)
    )
  )

const compilers = ['node_modules', 'web/node_modules']
  .map((path) => join(root, path, 'typescript/bin/tsc'))
  .filter((path) => existsSync(path))

test('the built client works as a package, in JavaScript and with the options of Next.js', async (t) => {
  // In web/, where React is found.
  const folder = await mkdtemp(join(root, 'web/report-'))
  t.teardown(() => rm(folder, { recursive: true }))
  const installed = join(folder, 'node_modules/@gatehouse/client')
  await mkdir(installed, { recursive: true })
  await cp(join(root, 'web/client/package.json'), join(installed, 'package.json'))
  await symlink(join(root, 'node_modules/openapi-fetch'), join(folder, 'node_modules/openapi-fetch'))
  const [compiler = ''] = compilers
  t.equal(await node(compiler, '-p', join(root, 'web/client'), '--outDir', join(installed, 'dist')), '')

  await t.test('its JavaScript is loaded by Node.js', async (t) => {
    await writeFile(
      join(folder, 'use.mjs'),
      "import * as client from '@gatehouse/client'\nconsole.log(...Object.keys(client))\n"
    )
    t.equal(
      await node(join(folder, 'use.mjs')),
      'GatehouseProblem createGatehouse isAboutToken isSecondFactorRequired\n'
    )
  })

  await t.test('its types serve the documented app', async (t) => {
    await mkdir(join(folder, 'src'))
    for (const name of ['src/gatehouse.ts', 'src/App.tsx']) {
      t.ok(example(name), name)
      await writeFile(join(folder, name), example(name))
    }
    await writeFile(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions: nextOptions, include: ['src'] }))
    for (const compiler of compilers) t.equal(await node(compiler, '-p', folder), '', compiler)
  })
})
