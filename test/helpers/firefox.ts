import puppeteer, { type Page } from 'puppeteer-core'
import type { Test } from 'tap'
import { firefoxPath } from './find-browser.ts'
import { password, serveSite } from './site.ts'

/** An element by its accessible role and name. */
const by = (role: string, name: string) => `::-p-aria([name=${JSON.stringify(name)}][role=${JSON.stringify(role)}])`

/** What a user does and sees in one tab. */
export function handsOn(page: Page) {
  page.setDefaultTimeout(20_000)
  const see = (text: string) => page.waitForSelector(`::-p-text(${text})`, { visible: true })
  // A password field has no role.
  const fill = (label: string, text: string) =>
    page.locator(`input::-p-aria([name=${JSON.stringify(label)}])`).fill(text)
  return {
    page,
    see,
    fill,
    /** Waits for the page with this heading. */
    seen: (heading: string) => page.waitForSelector(by('heading', heading)),
    click: (name: string, role = 'button') => page.locator(by(role, name)).click(),
    press: (...keys: Parameters<Page['keyboard']['press']>[0][]) =>
      keys.reduce((done, key) => done.then(() => page.keyboard.press(key)), Promise.resolve()),
    titles: () => page.$$eval('.task-title', (titles) => titles.map(({ textContent }) => textContent)),
    async add(title: string) {
      await fill('New task', title)
      await page.locator(by('button', 'Add')).click()
      await page.waitForSelector(by('checkbox', `Done: ${title}`))
      await page.waitForFunction(() => !document.querySelector('[data-saving=true]'))
    },
    async logIn(email: string, secret = password) {
      await page.waitForSelector(by('heading', 'Sign in'))
      await fill('Email', email)
      await fill('Password', secret)
      await page.locator(by('button', 'Sign in')).click()
    }
  }
}

/** The service with the built front end, and Firefox, which speaks WebDriver BiDi. */
export async function openInFirefox(t: Test) {
  const { url } = await serveSite(t)
  const browser = await puppeteer.launch({
    browser: 'firefox',
    executablePath: firefoxPath ?? '',
    headless: true,
    // Tabs in the background are as fast as the one in front, because the driver waits for their frames and timers.
    extraPrefsFirefox: { 'layout.throttled_frame_rate': 60, 'dom.min_background_timeout_value': 4 }
  })
  t.teardown(() => browser.close())

  /** A profile of its own. An error in its pages fails the test. */
  async function person() {
    const context = await browser.createBrowserContext()
    return {
      async tab(path: string) {
        const page = await context.newPage()
        page.on('pageerror', (error) => t.fail(`an error in the page: ${error}`))
        await page.goto(`${url}${path}`)
        return handsOn(page)
      }
    }
  }

  async function signedUp() {
    const { tab } = await person()
    const email = `${crypto.randomUUID()}@example.com`
    const user = await tab('/signup')
    await user.fill('Name', 'Ann')
    await user.fill('Email', email)
    await user.fill('Password', password)
    await user.click('Sign up')
    await user.seen('Tasks')
    return { ...user, tab, email }
  }

  return { url, person, signedUp }
}
