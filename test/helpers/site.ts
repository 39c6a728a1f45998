import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Browser, type BrowserContext, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import root, { type Test } from 'tap'
import { chromiumPath } from './find-browser.ts'
import { serveAt, unusedPort } from './ports.ts'
import { cloneTemplate } from './template.ts'

export const password = 'correct-horse-7'

/** Milliseconds for a page to show something. */
const patience = 60_000

export interface Person {
  context: BrowserContext
  page: Page
  email: string
  /** API requests of all tabs: `GET /api/tasks`. */
  asked: string[]
}

/** Starts the service with the built front end. */
export async function serveSite(
  t: Test,
  settings: Record<string, string> = {},
  program = 'test/helpers/patient-server.ts'
) {
  const database = await cloneTemplate()
  const port = await unusedPort()
  // A concurrent build would remove the files.
  const WEB_DIR = await mkdtemp(join(tmpdir(), 'gatehouse_web_'))
  await cp(new URL('../../web/dist', import.meta.url), WEB_DIR, { recursive: true })
  const options = { ...database.settings, WEB_DIR, LOG_LEVEL: 'warn', ...settings }
  const started = () => serveAt(t, port, options, program)
  let server = await started()

  async function stop() {
    server.kill('SIGKILL')
    await server.ended
  }

  t.teardown(async () => {
    await stop()
    await database.remove()
    await rm(WEB_DIR, { recursive: true })
  })

  return {
    url: server.url,
    /** Of the PostgreSQL server, if there is one. */
    databaseUrl: (database.settings as { DATABASE_URL?: string }).DATABASE_URL,
    stop,
    /** Restarts on the same port with the same data. */
    async start() {
      server = await started()
    }
  }
}

type Site = Awaited<ReturnType<typeof serveSite>>

let shared: Promise<Site> | undefined
let launched: Promise<Browser> | undefined

/** The browser of this process. A start takes a second of CPU. */
function launchBrowser(): Promise<Browser> {
  launched ??= chromium.launch({
    executablePath: chromiumPath ?? '',
    // Root has no sandbox; shared memory is small in containers.
    args: ['--no-sandbox', '--disable-dev-shm-usage', '--host-resolver-rules=MAP *.test 127.0.0.1']
  })
  return launched
}

root.teardown(async () => {
  await (await launched)?.close()
})

/** Chromium, and the service with the built front end. All files of a process share both, but not a service with settings. */
export async function openSite(t: Test, settings?: Record<string, string>) {
  if (settings) return openOwnSite(t, settings)
  shared ??= serveSite(root)
  return browse(t, await shared)
}

/** Chromium, and a service of this test, which may stop. */
export const openOwnSite = async (t: Test, settings?: Record<string, string>, program?: string) =>
  browse(t, await serveSite(t, settings, program))

/** Chromium before any service. */
export async function browse<Where extends { url: string }>(t: Test, site: Where) {
  const browser = await launchBrowser()
  const contexts = new Set<BrowserContext>()

  /** Closes the profiles of a test. After a failure prints what their pages showed. */
  async function closeAll(ended: Test): Promise<void> {
    for (const context of contexts) {
      if (!ended.passing())
        for (const page of context.pages())
          t.comment(`${page.url()}\n${await page.locator('body').ariaSnapshot({ timeout: 1_000 }).catch(String)}`)
      await context.close()
    }
    contexts.clear()
  }
  t.afterEach(closeAll)
  t.teardown(() => closeAll(t))

  /** Opens a new browser profile. Any error of the pages fails the test. */
  async function person(options: BrowserContextOptions = {}): Promise<Person> {
    const context = await browser.newContext({ baseURL: site.url, reducedMotion: 'reduce', ...options })
    contexts.add(context)
    context.setDefaultTimeout(patience)
    const asked: string[] = []
    context.on('request', (request) => {
      const { pathname, search } = new URL(request.url())
      if (pathname.startsWith('/api/')) asked.push(`${request.method()} ${pathname}${search}`)
    })
    context.on('weberror', (error) => t.fail(`an error in the page: ${error.error().message}`))
    context.on('console', (message) => {
      const refused =
        /Failed to (load resource|fetch dynamically imported module)|ERR_|Opener-Policy header has been ignored/.test(
          message.text()
        )
      if (message.type() === 'error' && !refused) t.fail(`an error on the console: ${message.text()}`)
    })
    return { context, page: await context.newPage(), email: `${crypto.randomUUID()}@example.com`, asked }
  }

  /** A profile with the session that this request of the API opens. No page is open yet. */
  async function withSession(path: string, email: string, options?: BrowserContextOptions): Promise<Person> {
    const somebody = { ...(await person(options)), email }
    const data = { email, password, refresh_cookie: true, ...(path.endsWith('register') && { name: 'Ann' }) }
    const answer = await somebody.context.request.post(path, { data })
    if (!answer.ok()) throw new Error(`${path} answered ${answer.status()}: ${await answer.text()}`)
    return somebody
  }

  /** A user who has just signed up, and sees the tasks, or where a product without them starts. */
  async function signedUp(options?: BrowserContextOptions, heading = 'Tasks'): Promise<Person> {
    const somebody = await withSession('/api/auth/register', `${crypto.randomUUID()}@example.com`, options)
    await somebody.page.goto('/')
    await seen(somebody.page, heading)
    return somebody
  }

  return {
    ...site,
    person,
    signedUp,
    /** Another device on which this user is signed in. */
    signedIn: (email: string, options?: BrowserContextOptions) => withSession('/api/auth/login', email, options)
  }
}

/** Waits for the page with this heading. */
export const seen = (page: Page, heading: string) =>
  page.getByRole('heading', { level: 1, name: heading, exact: true }).waitFor()

/** Signs up on the page. */
export async function signUp(page: Page, email: string): Promise<void> {
  await page.goto('/signup')
  await field(page, 'Name').fill('Ann')
  await field(page, 'Email').fill(email)
  await field(page, 'Password').fill(password)
  await page.getByRole('button', { name: 'Sign up' }).click()
  await seen(page, 'Tasks')
}

/** Waits until the page has what it asked for. Before its first placeholder, it is empty. */
export const loaded = (page: Page) => page.locator('#app:not(:empty):not(:has(.skeleton))').waitFor()

export async function logIn(page: Page, email: string, secret = password): Promise<void> {
  await seen(page, 'Sign in')
  await field(page, 'Email').fill(email)
  await field(page, 'Password').fill(secret)
  await page.getByRole('button', { name: 'Sign in', exact: true }).click()
}

export const field = (page: Page, label: string) => page.getByLabel(label, { exact: true })

/** Adds tasks as a user does. */
export async function add(page: Page, title: string, description = ''): Promise<void> {
  await field(page, 'New task').fill(title)
  if (description) await field(page, 'Description (optional)').fill(description)
  await page.getByRole('button', { name: 'Add', exact: true }).click()
  await task(page, title).and(page.locator('[data-saving=false]')).first().waitFor()
}

/**
 * Reloads the page with a minute to undo deletions, instead of eight seconds: a busy machine may need more for what a test
 * does meanwhile.
 */
export async function prolongUndo(page: Page): Promise<void> {
  await page.addInitScript(() => {
    const { setTimeout } = window
    const later = (act: () => void, milliseconds?: number) =>
      setTimeout(act, milliseconds === 8_000 ? 60_000 : milliseconds)
    Object.assign(window, { setTimeout: later })
  })
  await page.reload()
}

export const task = (page: Page, title: string) =>
  page
    .getByRole('list', { name: 'Tasks' })
    .getByRole('listitem')
    .filter({ has: page.getByRole('checkbox', { name: `Done: ${title}`, exact: true }) })

/** Waits until a condition holds, as the page changes. */
export async function eventually(t: Test, what: string, condition: () => Promise<boolean> | boolean): Promise<void> {
  const until = Date.now() + patience
  while (!(await condition())) {
    if (Date.now() > until) return void t.fail(what)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  t.pass(what)
}
