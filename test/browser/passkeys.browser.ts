import type { BrowserContextOptions, Page } from 'playwright-core'
import t, { test } from 'tap'
import { checkLooks, looks } from '../helpers/looks.ts'
import { eventually, field, logIn, openSite, password, seen } from '../helpers/site.ts'

const site = await openSite(t)
/** Passkeys belong to a name, never to an IP address. */
const baseURL = site.url.replace('127.0.0.1', 'localhost')

/** Gives a tab an authenticator, such as the fingerprint reader of a laptop, whose user is always there. */
async function withAuthenticator(page: Page) {
  const cdp = await page.context().newCDPSession(page)
  await cdp.send('WebAuthn.enable')
  const { authenticatorId } = await cdp.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true
    }
  })
  return {
    credentials: async () => (await cdp.send('WebAuthn.getCredentials', { authenticatorId })).credentials,
    verify: (isUserVerified: boolean) => cdp.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified })
  }
}

async function signedUp(options: BrowserContextOptions = {}) {
  const somebody = await site.signedUp({ baseURL, ...options })
  return { ...somebody, authenticator: await withAuthenticator(somebody.page) }
}

const section = (page: Page) => page.getByRole('region', { name: 'Passkeys' })
const rows = (page: Page) => section(page).getByRole('listitem')
const addButton = (page: Page) => section(page).getByRole('button', { name: 'Add a passkey' })

async function openSecurity(page: Page) {
  await page.goto('/security')
  await seen(page, 'Security')
  await section(page).waitFor()
}

/** Adds the first passkey, and keeps its recovery codes. */
async function addFirst(page: Page) {
  await openSecurity(page)
  await addButton(page).click()
  await seen(page, 'Keep your recovery codes')
  const codes = await page.getByRole('form', { name: 'Recovery codes' }).locator('code').allTextContents()
  await field(page, 'I have kept these codes').check()
  await page.getByRole('button', { name: 'Done' }).click()
  await rows(page).first().waitFor()
  return codes
}

const signOut = async (page: Page) => {
  await page.getByRole('button', { name: 'Sign out' }).click()
  await seen(page, 'Sign in')
}

/** Turns the browser's suggestions off, which the virtual authenticator would accept at once. */
const withoutSuggestions = (page: Page) =>
  page.addInitScript(() => {
    Object.assign(PublicKeyCredential, { isConditionalMediationAvailable: async () => false })
  })

test('a passkey is added, named, used to sign in without an email address, and deleted, by keyboard only', async (t) => {
  const { page, authenticator } = await signedUp()
  await withoutSuggestions(page)
  await openSecurity(page)
  await addButton(page).focus()
  await page.keyboard.press('Enter')
  await seen(page, 'Keep your recovery codes')
  await field(page, 'I have kept these codes').focus()
  await page.keyboard.press('Space')
  await page.getByRole('button', { name: 'Done' }).focus()
  await page.keyboard.press('Enter')
  await rows(page).first().waitFor()
  t.equal((await authenticator.credentials()).length, 1)
  t.match(await rows(page).first().textContent(), /on Linux.*Added just now/)

  await rows(page)
    .getByRole('button', { name: /^Rename / })
    .focus()
  await page.keyboard.press('Enter')
  await page.getByRole('dialog', { name: 'Rename the passkey' }).waitFor()
  await page.keyboard.press('ControlOrMeta+a')
  await page.keyboard.type('Laptop')
  await page.keyboard.press('Enter')
  await rows(page).getByRole('heading', { name: 'Laptop' }).waitFor()

  await signOut(page)
  await page.getByRole('button', { name: 'Sign in with a passkey' }).focus()
  await page.keyboard.press('Enter')
  await seen(page, 'Tasks')
  await page.goto('/sessions')
  await page.getByText('with a passkey').waitFor()

  await openSecurity(page)
  await rows(page).getByRole('button', { name: 'Delete Laptop' }).focus()
  await page.keyboard.press('Enter')
  const question = page.getByRole('dialog', { name: 'Delete the passkey?' })
  await question.getByRole('button', { name: 'Delete' }).focus()
  await page.keyboard.press('Enter')
  await eventually(t, 'none is left', async () => (await rows(page).count()) === 0)
  await eventually(t, 'the device has forgotten it', async () => (await authenticator.credentials()).length === 0)
})

test('the browser suggests passkeys in the email field', async (t) => {
  const { page } = await signedUp()
  await addFirst(page)
  const { asked } = { asked: [] as string[] }
  page.on('request', (request) => asked.push(new URL(request.url()).pathname))
  await page.getByRole('button', { name: 'Sign out' }).click()
  await eventually(t, 'signed in by the suggestion', () => asked.includes('/api/auth/passkeys/login'))
  await seen(page, 'Tasks')
  t.notOk(asked.includes('/api/auth/login'))
})

test('a device has only one passkey of an account, and the page says so', async (t) => {
  const { page } = await signedUp()
  await addFirst(page)
  await addButton(page).click()
  await section(page).getByText('This device has a passkey for your account.').waitFor()
  t.equal(await rows(page).count(), 1)
})

test('an account has several passkeys, each of another device, and one can be deleted', async (t) => {
  const { page, email } = await signedUp()
  const [code = ''] = await addFirst(page)
  const { page: phone, authenticator } = await site.person({ baseURL }).then(async (person) => ({
    ...person,
    authenticator: await withAuthenticator(person.page)
  }))
  await withoutSuggestions(phone)
  await phone.goto('/login')
  await logIn(phone, email)
  await seen(phone, 'Second step')
  await field(phone, 'Recovery code').fill(code)
  await phone.getByRole('button', { name: 'Sign in', exact: true }).click()
  await seen(phone, 'Tasks')
  await openSecurity(phone)
  await addButton(phone).click()
  await eventually(t, 'two are listed', async () => (await rows(phone).count()) === 2)
  t.equal((await authenticator.credentials()).length, 1)

  await signOut(phone)
  await phone.getByRole('button', { name: 'Sign in with a passkey' }).click()
  await seen(phone, 'Tasks')
  await openSecurity(page)
  t.equal(await rows(page).count(), 2, 'the other device shows both')
  await rows(page)
    .last()
    .getByRole('button', { name: /^Delete / })
    .click()
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click()
  await eventually(t, 'one is left', async () => (await rows(page).count()) === 1)
})

test('a device that does not verify its user makes no passkey, and the page says so', async (t) => {
  const { page, authenticator } = await signedUp()
  await authenticator.verify(false)
  await openSecurity(page)
  await addButton(page).click()
  await section(page).getByRole('alert').getByText(/./).waitFor()
  t.equal(await rows(page).count(), 0)
  t.ok(await addButton(page).isEnabled())
})

test('the second step, and a step-up, can be done with a passkey', async (t) => {
  const { page, email } = await signedUp()
  await withoutSuggestions(page)
  const codes = await addFirst(page)
  await signOut(page)
  await logIn(page, email)
  await seen(page, 'Second step')
  await checkLooks(t, page, 'second-step-passkey')
  await page.getByRole('button', { name: 'Use a passkey' }).click()
  await seen(page, 'Tasks')

  let isRaised = false
  page.on('response', (response) => {
    if (response.url().endsWith('/step-up') && response.ok()) isRaised = true
  })
  const json = { status: 401, code: 'step_up_required', detail: 'Prove your second factor again' }
  await page.route('**/api/auth/password', (route) =>
    isRaised ? route.continue() : route.fulfill({ status: 401, json })
  )
  await page.goto('/password')
  await field(page, 'Current password').fill(password)
  await field(page, 'New password').fill('another-horse-8')
  await field(page, 'New password').press('Enter')
  const dialog = page.getByRole('dialog', { name: 'Confirm that it is you' })
  await dialog.getByRole('button', { name: 'Use a passkey' }).waitFor()
  await checkLooks(t, page, 'step-up-passkey')
  await dialog.getByRole('button', { name: 'Use a passkey' }).click()
  await page.getByText('Your password was changed.').waitFor()

  const { page: other } = await site.person({ baseURL })
  await other.goto('/login')
  await logIn(other, email, 'another-horse-8')
  await seen(other, 'Second step')
  await field(other, 'Recovery code').fill(codes[0] ?? '')
  await other.getByRole('button', { name: 'Sign in', exact: true }).click()
  await seen(other, 'Tasks')
})

test('where no passkey can be used, the pages offer none', async (t) => {
  const { page } = await site.person()
  await page.goto('/login')
  await seen(page, 'Sign in')
  await page.waitForLoadState('networkidle')
  t.equal(await page.getByRole('button', { name: 'Sign in with a passkey' }).count(), 0)
  const { page: user } = await site.signedUp()
  await openSecurity(user)
  await section(user).getByText('Your browser cannot add passkeys here.').waitFor()
})

for (const [look, options] of Object.entries(looks))
  test(`the pages with passkeys are accessible and fit, ${look}`, async (t) => {
    const { page } = await signedUp(options)
    await withoutSuggestions(page)
    await addFirst(page)
    await checkLooks(t, page, `passkeys-${look}`)
    await rows(page)
      .getByRole('button', { name: /^Rename / })
      .click()
    await page.getByRole('dialog').waitFor()
    await checkLooks(t, page, `passkeys-rename-${look}`)
    await page.getByRole('button', { name: 'Cancel' }).click()
    await rows(page)
      .getByRole('button', { name: /^Delete / })
      .click()
    await page.getByRole('dialog').waitFor()
    await checkLooks(t, page, `passkeys-delete-${look}`)
    await page.getByRole('button', { name: 'Cancel' }).click()
    await signOut(page)
    await page.getByRole('button', { name: 'Sign in with a passkey' }).waitFor()
    await checkLooks(t, page, `login-passkey-${look}`)
  })
