import { execFileSync } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { test } from 'tap'
import { createServer } from 'vite'
import { eventually, openSite, password, serveSite } from '../helpers/site.ts'

const documentation = await readFile(new URL('../../docs/frontend.md', import.meta.url), 'utf8')

const sourceOf = (folder: string) => fileURLToPath(new URL(`../../${folder}/src/index.ts`, import.meta.url))

/** An example from the documentation, for this URL. */
function example(name: string, url: string): string {
  const block = documentation.split('```').find((text) => text.includes(`// ${name}\n`)) ?? ''
  return block.slice(block.indexOf('\n') + 1).replaceAll('http://localhost:8000', url)
}

test('the documented app works on another origin, with its token in memory', async (t) => {
  const folder = await mkdtemp(fileURLToPath(new URL('../../web/report-', import.meta.url)))
  const vite = await createServer({
    root: folder,
    configFile: false,
    logLevel: 'error',
    resolve: {
      dedupe: ['react', 'react-dom'],
      alias: { '@gatehouse/client': sourceOf('web/client'), '@gatehouse/react': sourceOf('packages/react') }
    },
    // Without pre-bundling, Vite would load two copies of React.
    optimizeDeps: { include: ['react', 'react-dom/client', 'react/jsx-dev-runtime'], noDiscovery: true },
    server: { host: 'localhost', port: 0, hmr: false }
  })
  t.teardown(async () => {
    await vite.close()
    await rm(folder, { recursive: true })
  })
  await vite.listen()
  const origin = vite.resolvedUrls?.local[0]?.replace(/\/$/, '') ?? ''
  const site = await openSite(t, { CORS_ORIGINS: origin })
  const api = site.url.replace('127.0.0.1', 'localhost')
  const start =
    "import { createRoot } from 'react-dom/client'\nimport App from './App'\ncreateRoot(document.body).render(<App />)\n"
  const files = {
    'index.html': '<!doctype html><html><body></body><script type="module" src="/main.tsx"></script></html>',
    'main.tsx': start,
    'App.tsx': example('src/App.tsx', api),
    'gatehouse.ts': example('src/gatehouse.ts', api)
  }
  for (const [name, text] of Object.entries(files)) {
    t.ok(text.length > 50, name)
    await writeFile(join(folder, name), text)
  }

  const { email } = await site.signedUp()
  const { page, context } = await site.person()
  await page.goto(origin)
  const logIn = async (secret: string) => {
    await page.getByLabel('Email').fill(email)
    await page.getByLabel('Password').fill(secret)
    await page.getByRole('button', { name: 'Sign in' }).click()
  }
  await page.getByLabel('Email').waitFor({ timeout: 30_000 })
  await logIn('wrong-horse-7')
  await page.getByText('Invalid email or password').waitFor()
  await logIn(password)
  await page.getByLabel('New task').fill('From elsewhere')
  await page.getByRole('button', { name: 'Add' }).click()
  await page.getByText('From elsewhere').waitFor()
  await page.reload()
  await page.getByText('From elsewhere').waitFor()
  const kept = () => page.evaluate(() => `${JSON.stringify(localStorage)}${JSON.stringify(sessionStorage)}`)
  t.equal(await kept(), '{}{}')

  const tab = await context.newPage()
  await tab.goto(origin)
  await tab.getByText('From elsewhere').waitFor()
  await page.getByRole('button', { name: 'Sign out' }).click()
  await tab.getByRole('button', { name: 'Sign in' }).waitFor()
  await eventually(t, 'no cookie is left', async () => (await context.cookies()).length === 0)
})

test('the documented program with plain fetch prints its tasks', async (t) => {
  const site = await serveSite(t)
  const program = example('plain.mjs', site.url)
  const output = execFileSync(process.execPath, ['--input-type=module', '--eval', program], { encoding: 'utf8' })
  t.equal(output, "[ 'Milk' ]\n")
})
