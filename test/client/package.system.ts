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

const typed = `
import { createGatehouse, type paths } from '@gatehouse/client'
import { createGatehouse as behindBetterAuth } from '@gatehouse/client/better-auth'
import { createGatehouseServer } from '@gatehouse/client/server'
import { createAuthClient } from 'better-auth/client'
import { jwtClient } from 'better-auth/client/plugins'

// What openapi-typescript generates for a product.
interface OwnPaths {
  '/api/notes': {
    get: { responses: { 200: { content: { 'application/json': { items: { text: string }[] } } } } }
    post: {
      requestBody: { content: { 'application/json': { text: string } } }
      responses: { 201: { content: { 'application/json': { text: string } } } }
    }
  }
}

export async function use() {
  const { api } = createGatehouse<paths & OwnPaths>()
  const { items } = await api.GET('/api/notes')
  const upper: string[] = items.map(({ text }) => text.toUpperCase())
  await api.POST('/api/notes', { body: { text: 'milk' } })
  // @ts-expect-error
  await api.POST('/api/notes', { body: { text: 5 } })
  const profile = await api.GET('/api/auth/profile')
  // @ts-expect-error
  await createGatehouse().api.GET('/api/notes')
  const auth = createAuthClient({ plugins: [jwtClient()] })
  const one = behindBetterAuth<OwnPaths>({ baseUrl: 'https://api.example.com', auth }).as('id')
  const { text } = await one.POST('/api/notes', { body: { text: 'milk' } })
  const server = createGatehouseServer<OwnPaths>({ baseUrl: 'https://api.example.com' })
  const page = await server.read({ get: () => undefined }).api.GET('/api/notes')
  return [upper, profile.email, text, page.items[0]?.text]
}
`

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
  const modules = join(folder, 'node_modules')
  await mkdir(join(modules, '@gatehouse'), { recursive: true })
  for (const name of ['openapi-fetch', 'better-auth'])
    await symlink(join(root, 'node_modules', name), join(modules, name))
  const [compiler = ''] = compilers
  for (const name of ['client', 'react']) {
    const source = join(root, name === 'client' ? 'web/client' : 'packages/react')
    const installed = join(modules, '@gatehouse', name)
    await mkdir(installed)
    await cp(join(source, 'package.json'), join(installed, 'package.json'))
    // The types of the React package need a client that is built.
    t.equal(await node(compiler, '-p', source, '--outDir', join(installed, 'dist'), '--noCheck'), '')
  }

  await t.test('its JavaScript is loaded by Node.js', async (t) => {
    const entries = ['client', 'client/server', 'client/better-auth', 'react'].map((name) => `@gatehouse/${name}`)
    const program = entries.map((name) => `console.log(...Object.keys(await import('${name}')))\n`).join('')
    await writeFile(join(folder, 'use.mjs'), program)
    t.strictSame((await node(join(folder, 'use.mjs'))).split('\n'), [
      'GatehouseProblem createGatehouse isAboutToken isSecondFactorRequired',
      'GatehouseProblem cookiesOf createGatehouseServer isAboutToken isSecondFactorRequired',
      'GatehouseProblem createGatehouse createUserApi isAboutToken',
      'GatehouseProvider useSession useUser',
      ''
    ])
  })

  await t.test('its types serve the documented app', async (t) => {
    await mkdir(join(folder, 'src'))
    for (const name of ['src/gatehouse.ts', 'src/App.tsx']) {
      t.ok(example(name), name)
      await writeFile(join(folder, name), example(name))
    }
    await writeFile(join(folder, 'src/typed.ts'), typed)
    await writeFile(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions: nextOptions, include: ['src'] }))
    for (const compiler of compilers) t.equal(await node(compiler, '-p', folder), '', compiler)
  })
})
