import type { Page } from 'playwright-core'
import t, { test } from 'tap'
import { checkLooks, colors } from '../helpers/looks.ts'
import { add, field, loaded, openSite, password, seen, task } from '../helpers/site.ts'

const site = await openSite(t)

const devices = {
  desktop: {
    options: {},
    looks: {
      light: { colorScheme: 'light', viewport: { width: 1280, height: 800 } },
      dark: { colorScheme: 'dark', viewport: { width: 1440, height: 900 } }
    }
  },
  phone: {
    options: { hasTouch: true, isMobile: true, viewport: { width: 390, height: 844 } },
    looks: { phone: { colorScheme: 'dark', viewport: { width: 390, height: 844 } } }
  }
} as const

const tasks = [
  ['Water the plants', 'The fern only on Mondays.'],
  ['Renew the passport', ''],
  ['Plan the trip to Trieste', 'Night train or the long way by the coast? Ask Bea about the rooms.'],
  ['اشترِ الخبز', 'من المخبز القديم'],
  ['Write to Grandmother', '']
] as const

for (const [device, { looks, options }] of Object.entries(devices))
  test(`every page, ${device}: no accessibility violation, nothing wider than the screen`, async (t) => {
    async function check(page: Page, name: string) {
      for (const [i, [look, { colorScheme, viewport }]] of Object.entries(looks).entries()) {
        await page.emulateMedia({ colorScheme })
        await page.setViewportSize(viewport)
        await checkLooks(t, page, `${name}-${look}`, i > 0 ? colors : undefined)
      }
    }

    const stranger = await site.person(options)
    await stranger.page.goto('/login')
    await seen(stranger.page, 'Sign in')
    await check(stranger.page, 'login')
    await stranger.page.getByRole('button', { name: 'Sign in' }).click()
    await stranger.page.locator('.field-error').first().waitFor()
    await check(stranger.page, 'login-errors')
    await stranger.page.goto('/signup')
    await seen(stranger.page, 'Sign up')
    await check(stranger.page, 'signup')
    for (const [path, heading] of [
      ['/forgot', 'Forgot your password?'],
      ['/reset', 'Set a new password']
    ] as const) {
      await stranger.page.goto(path)
      await seen(stranger.page, heading)
      await check(stranger.page, path.slice(1))
    }
    await stranger.page.goto('/forgot')
    await field(stranger.page, 'Email').fill('nobody@example.com')
    await stranger.page.getByRole('button', { name: 'Send the mail' }).click()
    await seen(stranger.page, 'Check your mail')
    await check(stranger.page, 'forgot-sent')

    for (const [path, heading, button] of [
      ['verify', 'Confirm your email address', 'Confirm address'],
      ['confirm', 'Confirm your new email address', 'Change address'],
      ['cancel', 'Cancel the change of address?', 'Cancel the change']
    ] as const) {
      await stranger.page.goto(`/${path}#token=${'A'.repeat(43)}`)
      await seen(stranger.page, heading)
      await check(stranger.page, path)
      await stranger.page.getByRole('button', { name: button }).click()
      await seen(stranger.page, 'This link is no longer valid')
      await check(stranger.page, `${path}-stale`)
    }
    await stranger.page.goto('/verify')
    await seen(stranger.page, 'This link is incomplete')
    await check(stranger.page, 'verify-incomplete')
    const message = { message: 'Confirm your address: a mail is on its way' }
    await stranger.page.route('**/api/auth/register', (route) => route.fulfill({ status: 202, json: message }))
    await stranger.page.goto('/signup')
    await field(stranger.page, 'Name').fill('Ann')
    await field(stranger.page, 'Email').fill('ann@example.com')
    await field(stranger.page, 'Password').fill(password)
    await stranger.page.getByRole('button', { name: 'Sign up' }).click()
    await seen(stranger.page, 'Check your mail')
    await check(stranger.page, 'check-mail')

    const { page } = await site.signedUp(options)
    await page.getByText('No tasks yet').waitFor()
    await check(page, 'tasks-empty')
    for (const [title, description] of tasks) await add(page, title, description)
    await task(page, 'Renew the passport').getByRole('checkbox').click()
    await page.getByText('Saving…').waitFor({ state: 'detached' })
    await check(page, 'tasks')
    await page.getByRole('button', { name: 'Edit “Plan the trip to Trieste”' }).click()
    await field(page, 'Title').waitFor()
    await check(page, 'tasks-editing')
    await page.getByRole('button', { name: 'Cancel' }).click()
    await page.getByRole('button', { name: 'Delete “Write to Grandmother”' }).click()
    await page.getByRole('button', { name: 'Undo: keep “Write to Grandmother”' }).waitFor()
    await check(page, 'tasks-deleted')
    await page.goto('/?status=completed')
    await page.getByRole('button', { name: 'Clear completed' }).click()
    await page.getByRole('dialog', { name: 'Delete 1 completed task?' }).waitFor()
    await check(page, 'tasks-clearing')
    await page.getByRole('button', { name: 'Cancel' }).click()
    await page.getByRole('dialog').waitFor({ state: 'detached' })
    await check(page, 'tasks-done')
    await page.locator('h1').click()
    await page.keyboard.press('?')
    await page.getByRole('dialog', { name: 'Keyboard shortcuts' }).waitFor()
    await check(page, 'shortcuts')
    await page.goto('/?q=nothing+like+this')
    await page.getByText('No matching tasks').waitFor()
    await check(page, 'tasks-nothing-found')
    for (const [path, heading] of [
      ['/profile', 'Profile'],
      ['/security', 'Security'],
      ['/sessions', 'Sessions'],
      ['/tokens', 'Access tokens'],
      ['/activity', 'Activity'],
      ['/password', 'Change password'],
      ['/delete-account', 'Delete account']
    ] as const) {
      await page.goto(path)
      await seen(page, heading)
      await loaded(page)
      await page
        .getByRole('banner')
        .getByText(/ to do$/)
        .waitFor()
      await check(page, path.slice(1))
    }
    await page.route('**/api/tasks?*', (route) => route.fulfill({ status: 500, body: '{}' }))
    await page.goto('/')
    await page.getByText('Your tasks could not be loaded').waitFor()
    await check(page, 'tasks-error')
  })
