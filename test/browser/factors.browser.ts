import { readFile } from 'node:fs/promises'
import { TOTP } from 'otpauth'
import type { Page } from 'playwright-core'
import t, { test } from 'tap'
import { wrongCode } from '../helpers/factors.ts'
import { checkLooks, looks } from '../helpers/looks.ts'
import { eventually, field, loaded, logIn, openSite, password, seen } from '../helpers/site.ts'
import { until } from '../helpers/wait.ts'

const site = await openSite(t)

/** What an authenticator app shows, now or `steps` later: a code works once, and half a minute early. */
const codeOf = (secret: string, steps = 0) => new TOTP({ secret }).generate({ timestamp: Date.now() + steps * 30_000 })

const secretOn = async (page: Page) => (await page.locator('.secret').textContent())?.replaceAll(' ', '') ?? ''
const codesOn = (page: Page) => page.getByRole('form', { name: 'Recovery codes' }).locator('code').allTextContents()
const section = (page: Page, name: string) => page.getByRole('region', { name })
const focusedName = (page: Page) => page.evaluate(() => document.activeElement?.getAttribute('name'))

async function openSecurity(page: Page) {
  await page.goto('/security')
  await seen(page, 'Security')
  await section(page, 'Authenticator app').waitFor()
}

/** A user who has set up an authenticator app on the page. */
async function withApp(options?: Parameters<typeof site.signedUp>[0]) {
  const somebody = await site.signedUp(options)
  const { page } = somebody
  await page.goto('/authenticator')
  await seen(page, 'Set up an authenticator app')
  await page.locator('.secret').waitFor()
  const secret = await secretOn(page)
  // The code of the step before is too old if the step ends meanwhile.
  await until('a code that is accepted', async () => {
    const answer = page.waitForResponse('**/totp/confirm')
    await field(page, 'Code').fill(codeOf(secret, -1))
    await field(page, 'Code').press('Enter')
    return (await answer).ok()
  })
  await seen(page, 'Keep your recovery codes')
  const codes = await codesOn(page)
  await field(page, 'I have kept these codes').check()
  await page.getByRole('button', { name: 'Done' }).click()
  await seen(page, 'Security')
  return { ...somebody, secret, codes }
}

/** The second step of this user on another device. */
async function atSecondStep(email: string, options?: Parameters<typeof site.person>[0]) {
  const { page } = await site.person(options)
  await page.goto('/login')
  await logIn(page, email)
  await seen(page, 'Second step')
  return page
}

const signIn = (page: Page) => page.getByRole('button', { name: 'Sign in', exact: true })

test('an authenticator app is set up by keyboard only, and its recovery codes are shown once', async (t) => {
  const { page, context } = await site.signedUp()
  await context.grantPermissions(['clipboard-read', 'clipboard-write'])
  await openSecurity(page)
  await section(page, 'Authenticator app').getByRole('link', { name: 'Set up' }).focus()
  await page.keyboard.press('Enter')
  await seen(page, 'Set up an authenticator app')
  const secret = await secretOn(page)
  t.match(secret, /^[A-Z2-7]{32}$/)
  const link = await page.getByRole('link', { name: 'Open in an app on this device' }).getAttribute('href')
  t.match(link, /^otpauth:\/\/totp\/.*secret=/)
  t.equal(new URL(String(link)).searchParams.get('secret'), secret)
  await page.getByRole('button', { name: 'Copy the key' }).click()
  await page.getByText('Copied.').waitFor()
  t.equal(await page.evaluate(() => navigator.clipboard.readText()), secret)

  await field(page, 'Code').focus()
  await page.keyboard.press('Enter')
  await page.getByText('Enter the code that the app shows.').waitFor()
  await page.keyboard.type(wrongCode(secret))
  await page.keyboard.press('Enter')
  await page.getByText('This code is wrong.').waitFor()
  t.equal(await focusedName(page), 'code')
  await page.keyboard.press('ControlOrMeta+a')
  await page.keyboard.type(codeOf(secret))
  await page.keyboard.press('Enter')
  await seen(page, 'Keep your recovery codes')
  const codes = await codesOn(page)
  t.equal(new Set(codes).size, 10)

  await page.getByRole('button', { name: 'Copy', exact: true }).click()
  const copied = await page.evaluate(() => navigator.clipboard.readText())
  const downloading = page.waitForEvent('download')
  await page.getByRole('button', { name: 'Download' }).click()
  const download = await downloading
  t.equal(download.suggestedFilename(), 'gatehouse-recovery-codes.txt')
  const text = await readFile(await download.path(), 'utf8')
  for (const code of codes) t.ok(text.includes(code) && copied.includes(code), code)
  await page.evaluate(() => Object.assign(globalThis, { print: () => document.body.classList.add('printed') }))
  await page.getByRole('button', { name: 'Print' }).click()
  await page.locator('body.printed').waitFor()
  await page.emulateMedia({ media: 'print' })
  t.notOk(await page.getByRole('button', { name: 'Done' }).isVisible(), 'the print shows only the codes')
  t.ok(await page.getByText(codes[0] ?? '?').isVisible())
  await page.emulateMedia({ media: 'screen' })

  await page.getByRole('button', { name: 'Done' }).focus()
  await page.keyboard.press('Enter')
  await page.getByText('Keep the codes first, then tick this box.').waitFor()
  t.equal(await focusedName(page), 'kept')
  await page.keyboard.press('Space')
  await page.getByRole('button', { name: 'Done' }).focus()
  await page.keyboard.press('Enter')
  await seen(page, 'Security')
  await section(page, 'Authenticator app').getByText('On', { exact: true }).waitFor()
  await section(page, 'Recovery codes').getByText('10 left').waitFor()
  t.equal(await page.getByText(codes[0] ?? '?').count(), 0)
})

test('new recovery codes are left only after a question, by a link of the app and by the back button', async (t) => {
  const { page } = await site.signedUp()
  await openSecurity(page)
  await section(page, 'Authenticator app').getByRole('link', { name: 'Set up' }).click()
  await page.locator('.secret').waitFor()
  await field(page, 'Code').fill(codeOf(await secretOn(page)))
  await page.getByRole('button', { name: 'Turn on' }).click()
  await seen(page, 'Keep your recovery codes')
  const questions: string[] = []
  let answer: 'accept' | 'dismiss' = 'dismiss'
  page.on('dialog', (question) => {
    questions.push(question.message())
    return question[answer]()
  })
  const tasks = page.getByRole('link', { name: 'Tasks' })
  await tasks.click()
  await eventually(t, 'it asks', () => questions.length === 1)
  await page.evaluate(() => history.back())
  await eventually(t, 'it asks again', () => questions.length === 2)
  t.equal((await codesOn(page)).length, 10)
  answer = 'accept'
  await tasks.click()
  await seen(page, 'Tasks')
  t.match(questions, Array(3).fill(/not shown again/))
})

test('turning an authenticator app on signs out the devices that had only the password', async (t) => {
  const { page, email } = await site.signedUp()
  const other = await site.signedIn(email)
  await other.page.goto('/')
  await seen(other.page, 'Tasks')
  await page.goto('/authenticator')
  await page.locator('.secret').waitFor()
  await field(page, 'Code').fill(codeOf(await secretOn(page)))
  await page.getByRole('button', { name: 'Turn on' }).click()
  await seen(page, 'Keep your recovery codes')
  await other.page.reload()
  await seen(other.page, 'Sign in')
  t.equal(await other.page.getByRole('list', { name: 'Tasks' }).count(), 0)
})

test('the second step takes a code once, and a recovery code once', async (t) => {
  const { email, secret, codes } = await withApp()
  const page = await atSecondStep(email)
  t.equal(await focusedName(page), 'code', 'what is typed next is the code')
  await page.keyboard.type('123')
  await page.keyboard.press('Enter')
  await page.getByText('This code is wrong, or was used before.').waitFor()
  await page.keyboard.press('ControlOrMeta+a')
  const code = codeOf(secret)
  await page.keyboard.type(code)
  await page.keyboard.press('Enter')
  await seen(page, 'Tasks')

  const again = await atSecondStep(email)
  await field(again, 'Code').fill(code)
  await signIn(again).click()
  await again.getByText('This code is wrong, or was used before.').waitFor()
  await again.getByRole('button', { name: 'Use a recovery code' }).click()
  t.equal(await field(again, 'Recovery code').inputValue(), code, 'what was typed stays')
  await field(again, 'Recovery code').fill(`  ${codes[0]?.toUpperCase()} `)
  await signIn(again).click()
  await seen(again, 'Tasks')
  await openSecurity(again)
  await section(again, 'Recovery codes').getByText('9 left').waitFor()

  const last = await atSecondStep(email)
  await last.getByRole('button', { name: 'Use a recovery code' }).click()
  await field(last, 'Recovery code').fill(codes[0] ?? '')
  await signIn(last).click()
  await last.getByText('This code is wrong, or was used before.').waitFor()
  await last.getByRole('button', { name: 'Back to signing in' }).click()
  await seen(last, 'Sign in')
})

test('five wrong codes, and a challenge that has expired, lead back to the password', async (t) => {
  const { email, secret } = await withApp()
  const page = await atSecondStep(email)
  for (let tries = 1; tries <= 5; tries++) {
    await field(page, 'Code').fill(wrongCode(secret, Date.now(), tries))
    const answer = page.waitForResponse('**/second-factor')
    await signIn(page).click()
    await answer
    await page.getByText('This code is wrong, or was used before.').waitFor()
  }
  await field(page, 'Code').fill(wrongCode(secret))
  await signIn(page).click()
  await page.getByText('The second step took too long, or had too many wrong codes. Sign in again.').waitFor()
  await seen(page, 'Sign in')

  const { page: late } = await site.person()
  const json = { status: 401, code: 'second_factor_required', challenge: 'x', methods: ['totp'], expires_in: 1 }
  await late.route('**/api/auth/login', (route) => route.fulfill({ status: 401, json }))
  await late.goto('/login')
  // It lasts a second.
  const step = seen(late, 'Second step')
  await logIn(late, email)
  await step
  await late.getByText('The second step took too long. Sign in again.').waitFor()
  await seen(late, 'Sign in')
  t.equal(await field(late, 'Code').count(), 0)
})

test('the page for the second step keeps what is typed while its code is still loading', async (t) => {
  const { email, secret } = await withApp()
  const { page } = await site.person()
  const release = Promise.withResolvers<void>()
  await page.route('**/assets/LogInStep-*.js', async (route) => {
    await release.promise
    await route.continue()
  })
  await page.goto('/login')
  const answer = page.waitForResponse('**/api/auth/login')
  await logIn(page, email)
  await answer
  t.ok(await field(page, 'Email').isVisible(), 'the form stays until then')
  release.resolve()
  await seen(page, 'Second step')
  await page.keyboard.type(codeOf(secret))
  await page.keyboard.press('Enter')
  await seen(page, 'Tasks')
})

const refusal = {
  status: 401,
  contentType: 'application/problem+json',
  body: JSON.stringify({ status: 401, code: 'step_up_required', detail: 'Prove your second factor again' })
}

/** Requires a step-up for these requests, as later than ten minutes after signing in. */
async function demandStepUp(page: Page, url: string) {
  let isRaised = false
  page.on('response', (response) => {
    if (response.url().endsWith('/step-up') && response.ok()) isRaised = true
  })
  await page.route(url, (route) => (isRaised ? route.continue() : route.fulfill(refusal)))
}

const dialog = (page: Page) => page.getByRole('dialog', { name: 'Confirm that it is you' })

test('a step-up asks a user with an authenticator app for a code', async (t) => {
  const { page, secret } = await withApp()
  await demandStepUp(page, '**/api/auth/factors/recovery-codes')
  await page.getByRole('link', { name: 'Make new codes' }).click()
  await page.getByRole('button', { name: 'Make new codes' }).click()
  await dialog(page).getByLabel('Code', { exact: true }).waitFor()
  t.equal(await focusedName(page), 'code')
  t.equal(await dialog(page).getByLabel('Your password').count(), 0)
  await checkLooks(t, page, 'step-up-code')
  await page.keyboard.type(wrongCode(secret))
  await page.keyboard.press('Enter')
  await dialog(page).getByText('This code is wrong, or was used before.').waitFor()
  await page.keyboard.press('ControlOrMeta+a')
  await page.keyboard.type(codeOf(secret, 1))
  await page.keyboard.press('Enter')
  await seen(page, 'Keep your recovery codes')
  t.equal((await codesOn(page)).length, 10)
})

test('changing the password asks for the second factor where it is required', async (t) => {
  const { page, codes } = await withApp()
  await demandStepUp(page, '**/api/auth/password')
  await page.goto('/password')
  await field(page, 'Current password').fill(password)
  await field(page, 'New password').fill('another-horse-8')
  await field(page, 'New password').press('Enter')
  await dialog(page).getByRole('button', { name: 'Use a recovery code' }).click()
  await dialog(page)
    .getByLabel('Recovery code')
    .fill(codes[1] ?? '')
  await dialog(page).getByRole('button', { name: 'Continue' }).click()
  await page.getByText('Your password was changed.').waitFor()
  t.equal(await dialog(page).count(), 0)
})

test('the authenticator app can be turned off, and the recovery codes go with it', async (t) => {
  const { page, email } = await withApp()
  await openSecurity(page)
  await page.getByRole('button', { name: 'Turn off' }).click()
  const question = page.getByRole('dialog', { name: 'Turn off the authenticator app?' })
  await checkLooks(t, page, 'totp-off')
  await question.getByRole('button', { name: 'Cancel' }).click()
  await question.waitFor({ state: 'detached' })
  await page.getByRole('button', { name: 'Turn off' }).click()
  await question.getByRole('button', { name: 'Turn off' }).click()
  await section(page, 'Authenticator app').getByText('Off', { exact: true }).waitFor()
  t.equal(await section(page, 'Recovery codes').count(), 0)
  const { page: other } = await site.person()
  await other.goto('/login')
  await logIn(other, email)
  await seen(other, 'Tasks')
})

test('an authenticator app that is on already is not set up again', async (t) => {
  const { page, context } = await withApp()
  const tab = await context.newPage()
  await tab.goto('/authenticator')
  await tab.getByText('An authenticator app is on already.').waitFor()
  t.equal(await tab.locator('.secret').count(), 0)
  await page.goto('/authenticator')
  await page.getByRole('link', { name: 'Back to security' }).click()
  await seen(page, 'Security')
})

test('the warning of a single way to sign in can be dismissed for a month', async (t) => {
  const { page } = await site.signedUp()
  const warning = section(page, 'Only one way to sign in')
  await page.goto('/profile')
  await warning.getByRole('link', { name: 'Security' }).click()
  await seen(page, 'Security')
  await warning.getByRole('button', { name: 'Remind me in a month' }).click()
  await warning.waitFor({ state: 'detached' })
  await page.reload()
  await section(page, 'Authenticator app').waitFor()
  t.equal(await warning.count(), 0)
  await page.clock.setFixedTime(Date.now() + 29 * 24 * 3_600_000)
  await page.reload()
  await section(page, 'Authenticator app').waitFor()
  t.equal(await warning.count(), 0, 'not before')
  await page.clock.setFixedTime(Date.now() + 31 * 24 * 3_600_000)
  await page.reload()
  await warning.waitFor()
})

for (const [look, options] of Object.entries(looks))
  test(`the pages of second factors are accessible and fit, ${look}`, async (t) => {
    const { page, email } = await site.signedUp(options)
    await openSecurity(page)
    await checkLooks(t, page, `security-new-${look}`)
    await page.goto('/profile')
    await section(page, 'Only one way to sign in').waitFor()
    await loaded(page)
    await checkLooks(t, page, `profile-warning-${look}`)
    await page.goto('/authenticator')
    await page.locator('.secret').waitFor()
    await checkLooks(t, page, `authenticator-${look}`)
    const secret = await secretOn(page)
    await field(page, 'Code').fill(wrongCode(secret))
    await field(page, 'Code').press('Enter')
    await page.getByText('This code is wrong.').waitFor()
    await checkLooks(t, page, `authenticator-wrong-${look}`)
    await field(page, 'Code').fill(codeOf(secret))
    await field(page, 'Code').press('Enter')
    await seen(page, 'Keep your recovery codes')
    await checkLooks(t, page, `recovery-codes-${look}`)
    await page.getByRole('button', { name: 'Done' }).click()
    await page.getByText('Keep the codes first').waitFor()
    await checkLooks(t, page, `recovery-codes-unkept-${look}`)
    await field(page, 'I have kept these codes').check()
    await page.getByRole('button', { name: 'Done' }).click()
    await seen(page, 'Security')
    await eventually(t, 'on', () => section(page, 'Recovery codes').isVisible())
    await checkLooks(t, page, `security-app-${look}`)
    await page.goto('/recovery-codes')
    await seen(page, 'New recovery codes')
    await checkLooks(t, page, `recovery-codes-new-${look}`)
    const step = await atSecondStep(email, options)
    await checkLooks(t, step, `second-step-${look}`)
    await step.getByRole('button', { name: 'Use a recovery code' }).click()
    await signIn(step).click()
    await step.getByText('Enter a code.').waitFor()
    await checkLooks(t, step, `second-step-recovery-${look}`)
  })
