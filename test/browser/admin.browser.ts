import { readFileSync } from 'node:fs'
import type { Page } from 'playwright-core'
import t, { test } from 'tap'
import { checkLooks, looks } from '../helpers/looks.ts'
import { eventually, field, loaded, openSite, password, seen } from '../helpers/site.ts'
import { onServer, server } from '../helpers/template.ts'

const site = await openSite(t)

const rows = (page: Page) => page.getByRole('list', { name: 'Users' }).getByRole('listitem')
const dialog = (page: Page, name: string) => page.getByRole('dialog', { name })
const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true })

async function operate(page: Page, label: string, fields: Record<string, string>) {
  await button(page, label).click()
  const form = dialog(page, `${label}?`)
  for (const [name, value] of Object.entries(fields)) await form.getByLabel(name, { exact: true }).fill(value)
  await form.getByRole('button', { name: label, exact: true }).click()
  await form.waitFor({ state: 'detached' })
}

const skip = server ? false : 'needs TEST_DATABASE_URL: an admin is made by the database'
test('an admin finds a user, disables, enables and deletes the account, after proving who it is', {
  skip
}, async (t) => {
  const { email } = await site.signedUp()
  const ben = await site.signedUp()
  await onServer(`update users set role = 'admin' where email = '${email}'`, site.databaseUrl)
  const { page } = await site.signedIn(email)
  await page.goto('/users')
  await seen(page, 'Users')
  await field(page, 'Search users').fill(ben.email.toUpperCase())
  await eventually(t, 'only Ben', async () => (await rows(page).count()) === 1)
  await rows(page).getByRole('link', { name: ben.email }).click()
  await seen(page, ben.email)

  await button(page, 'Disable account').click()
  await dialog(page, 'Disable account?').getByRole('button', { name: 'Disable account' }).click()
  await dialog(page, 'Disable account?').getByText('Say why. It is recorded with what you do.').waitFor()
  await page.keyboard.press('Escape')
  await operate(page, 'Disable account', { Reason: 'Ticket 7' })
  await page.getByText('The account is disabled.').waitFor()
  await page.getByText(/: Ticket 7$/).waitFor()
  await page.getByText('No session is open.').waitFor()
  const event = page.getByRole('list', { name: 'Latest events' }).getByRole('listitem').first()
  t.match(await event.textContent(), /^Account disabled by an operator .* from an operator$/)
  await ben.page.goto('/sessions')
  await seen(ben.page, 'Sign in')

  await page.goto('/users?state=disabled')
  await loaded(page)
  t.equal(await rows(page).getByRole('link', { name: ben.email }).count(), 1)
  await rows(page).getByRole('link', { name: ben.email }).click()
  await seen(page, ben.email)
  await onServer(`update sessions set auth_time = auth_time - interval '1 hour'`, site.databaseUrl)
  await page.reload()
  await button(page, 'Enable account').click()
  await field(page, 'Reason').fill('Ticket 7')
  await dialog(page, 'Enable account?').getByRole('button', { name: 'Enable account' }).click()
  const confirmation = dialog(page, 'Confirm that it is you')
  await confirmation.getByLabel('Your password', { exact: true }).fill(password)
  await confirmation.getByRole('button', { name: 'Continue' }).click()
  await dialog(page, 'Enable account?').waitFor({ state: 'detached' })
  await page.getByText('The account is active.').waitFor()

  await button(page, 'Delete account').click()
  await field(page, 'Email of this account').fill(email)
  await field(page, 'Reason').fill('Ticket 8')
  await dialog(page, 'Delete account?').getByRole('button', { name: 'Delete account' }).click()
  await dialog(page, 'Delete account?').getByText('Type the email of this account.').waitFor()
  await page.keyboard.press('Escape')
  await operate(page, 'Delete account', { 'Email of this account': ben.email, Reason: 'Ticket 8' })
  await seen(page, 'Users')
  const login = await page.request.post('/api/auth/login', { data: { email: ben.email, password } })
  t.equal(login.status(), 401)
})

test('an admin downloads what is stored about a user, after proving who it is', { skip }, async (t) => {
  const { email } = await site.signedUp()
  const ben = await site.signedUp()
  await onServer(`update users set role = 'admin' where email = '${email}'`, site.databaseUrl)
  const { page } = await site.signedIn(email)
  await page.goto(`/users?q=${ben.email}`)
  await onServer(`update sessions set auth_time = auth_time - interval '1 hour'`, site.databaseUrl)
  await rows(page).getByRole('link', { name: ben.email }).click()
  await seen(page, ben.email)
  // The next access token has the time of the session.
  await page.reload()
  await button(page, 'Download data').click()
  const form = dialog(page, 'Download data?')
  await form.getByRole('button', { name: 'Download data' }).click()
  await form.getByText('Say why. It is recorded with what you do.').waitFor()
  await checkLooks(t, page, 'user-download')
  await form.getByLabel('Reason', { exact: true }).fill('Ticket 9: asked by letter')
  const saved = page.waitForEvent('download')
  await form.getByRole('button', { name: 'Download data' }).click()
  const confirmation = dialog(page, 'Confirm that it is you')
  await confirmation.getByLabel('Your password', { exact: true }).fill(password)
  await confirmation.getByRole('button', { name: 'Continue' }).click()
  const file = await saved
  await form.waitFor({ state: 'detached' })
  await page.getByText('The data was downloaded.').waitFor()
  const data = JSON.parse(readFileSync(await file.path(), 'utf8'))
  t.equal(data.user.email, ben.email)
  t.equal(file.suggestedFilename(), `gatehouse-${data.user.id}.json`)
  await page.getByRole('heading', { name: 'Data of the account downloaded' }).waitFor()
  const { rows: recorded } = await onServer(
    `select reason, actor from security_events where event = 'account.exported' and user_id = '${data.user.id}'`,
    site.databaseUrl
  )
  t.strictSame(recorded, [{ reason: 'Ticket 9: asked by letter', actor: 'admin' }])
})

test('other users have neither the link nor the pages', async (t) => {
  const { page } = await site.signedUp()
  t.equal(await page.getByRole('link', { name: 'Users' }).count(), 0)
  for (const path of ['/users', '/user?id=0193aaaa-0000-7000-8000-00000000000a']) {
    await page.goto(path)
    await seen(page, 'Page not found')
  }
})

const user = (i: number, more: object = {}) => ({
  id: `0197a3c2-6f10-7c3e-9d55-${String(i).padStart(12, '0')}`,
  email: `${'long-address-of-somebody-'.repeat(i % 3)}${i}@example.com`,
  email_verified: i % 2 === 0,
  name: i % 2 ? 'Ann' : 'A'.repeat(100),
  is_active: true,
  role: 'user',
  issuer: null,
  disabled_at: null,
  disabled_reason: null,
  last_sign_in_at: '2026-11-20T09:30:00.000Z',
  created_at: '2026-01-20T09:30:00.000Z',
  updated_at: '2026-01-20T09:30:00.000Z',
  ...more
})
const disabled = { is_active: false, disabled_at: '2026-11-21T09:30:00.000Z', disabled_reason: 'Ticket 7: taken over' }
const varied = [
  user(1, { role: 'admin' }),
  user(2, disabled),
  user(3, { issuer: 'https://auth.example.com', last_sign_in_at: null }),
  user(5)
]
const event = { at: '2026-11-20T09:30:00.000Z', ip: '203.0.113.7', user_agent: null, session_id: null, times: 1 }
const details = {
  sessions: [
    {
      id: '0197a3c2-6f1a-7b60-8e21-4c7d9e0f1a2b',
      created_at: event.at,
      last_used_at: event.at,
      expires_at: event.at,
      user_agent: 'curl/8.5.0',
      ip: null,
      amr: ['pwd'],
      auth_time: event.at
    }
  ],
  factors: { totp: true, passkeys: 2, recovery_codes: 10 },
  personal_tokens: 3,
  events: [
    { ...event, id: '0197a3c2-8a11-7c42-9b0e-000000000001', event: 'login.failed', times: 40, ip: null },
    { ...event, id: '0197a3c2-8a11-7c42-9b0e-000000000002', event: 'account.disabled', ip: 'operator' }
  ],
  usage: { tasks: 12_000, bytes: 1_234_567 }
}

/** Shows the pages for admins with such users, whoever is signed in. */
async function asAdmin(page: Page) {
  await page.route('**/api/auth/refresh', async (route) => {
    const answer = await route.fetch()
    const body = await answer.json()
    return route.fulfill({ response: answer, json: { ...body, user: { ...body.user, role: 'admin' } } })
  })
  await page.route('**/api/admin/users*', (route) => {
    const url = new URL(route.request().url())
    const isNext = url.searchParams.has('cursor')
    const isRare = url.searchParams.get('q') === 'rare'
    if (isRare) return route.fulfill({ json: { items: isNext ? [user(7)] : [], next_cursor: isNext ? null : 'more' } })
    return route.fulfill({ json: { items: isNext ? [user(6)] : varied, next_cursor: isNext ? null : 'more' } })
  })
  await page.route('**/api/admin/users/*', (route) => {
    const id = new URL(route.request().url()).pathname.split('/').at(-1)
    const found = varied.find((one) => one.id === id)
    return found
      ? route.fulfill({ json: { ...found, ...details } })
      : route.fulfill({ status: 404, json: { status: 404, code: 'not_found', detail: 'User not found' } })
  })
}

test('further users follow on request, and a search goes on by itself until it finds one', async (t) => {
  const { page } = await site.signedUp()
  await asAdmin(page)
  await page.goto('/users')
  await loaded(page)
  t.equal(await rows(page).count(), varied.length)
  await button(page, 'Show more').click()
  await eventually(t, 'one more', async () => (await rows(page).count()) === varied.length + 1)
  await field(page, 'Search users').fill('rare')
  await page.getByRole('link', { name: '7@example.com' }).waitFor()
  t.match(page.url(), /\/users\?q=rare$/)
  await page.goto('/user?id=nobody')
  await page.getByText('The user could not be loaded').waitFor()
})

for (const [look, options] of Object.entries(looks))
  test(`users, one user and a dialog are accessible and fit, ${look}`, async (t) => {
    const { page } = await site.signedUp(options)
    await asAdmin(page)
    await page.goto('/users')
    await loaded(page)
    await checkLooks(t, page, `users-${look}`)
    for (const { id } of varied.slice(0, 2)) {
      await page.goto(`/user?id=${id}`)
      await loaded(page)
      await checkLooks(t, page, `user-${look}`)
    }
    await button(page, 'Delete account').click()
    await dialog(page, 'Delete account?').waitFor()
    await checkLooks(t, page, `user-delete-${look}`)
  })

const entry = (i: number, more: object = {}) => ({
  ...event,
  id: `0197a3c2-8a11-7c42-9b0e-${String(i).padStart(12, '0')}`,
  event: 'login',
  actor: 'user',
  actor_id: null,
  user_id: varied[0]?.id,
  request_id: 'request-1',
  reason: null,
  ...more
})
const entries = [
  entry(1, { event: 'account.disabled', actor: 'admin', actor_id: varied[1]?.id, reason: 'Ticket 7: '.repeat(20) }),
  entry(2, { event: 'login.failed', actor: 'anonymous', times: 40, ip: null }),
  entry(3, { event: 'of.a.later.release', actor: null, user_id: null }),
  entry(4, { event: 'role.changed', actor: 'command' })
]
const days = Array.from({ length: 30 }, (_, i) => ({
  day: `2026-11-${String(i + 1).padStart(2, '0')}`,
  sign_ups: i % 7,
  sign_ins: 40 * (i % 5),
  failures: i,
  throttled: i % 3
}))

async function withAudit(page: Page) {
  await asAdmin(page)
  await page.route('**/api/admin/audit/days', (route) => route.fulfill({ json: { items: days } }))
  await page.route('**/api/admin/audit?*', (route) => {
    const { searchParams } = new URL(route.request().url())
    const items = entries.filter(({ event }) => [null, event].includes(searchParams.get('event')))
    return route.fulfill({ json: { items, next_cursor: null } })
  })
  await page.route('**/api/admin/audit', (route) => route.fulfill({ json: { items: entries, next_cursor: null } }))
}

test('the audit log is filtered by event and actor, and leads to the users', async (t) => {
  const { page, asked } = await site.signedUp()
  await withAudit(page)
  await page.goto('/audit')
  await loaded(page)
  const list = page.getByRole('list', { name: 'Events' }).getByRole('listitem')
  t.equal(await list.count(), entries.length)
  t.match(await field(page, 'Event').locator('option:checked').textContent(), 'All events')
  t.match(await field(page, 'By').locator('option:checked').textContent(), 'By anybody')
  await field(page, 'Event').selectOption('login.failed')
  await eventually(t, 'only failed ones', async () => (await list.count()) === 1)
  await field(page, 'By').selectOption('anonymous')
  await eventually(t, 'both are sent', () => asked.includes('GET /api/admin/audit?event=login.failed&actor=anonymous'))
  t.match(page.url(), /\/audit\?event=login.failed&actor=anonymous$/)
  await page.goto(`/audit?user=${varied[0]?.id}`)
  await loaded(page)
  await button(page, 'Show all users').click()
  await list
    .first()
    .getByRole('link', { name: varied[1]?.id ?? '' })
    .click()
  await seen(page, varied[1]?.email ?? '')
})

for (const [look, options] of Object.entries(looks))
  test(`the audit log and its charts are accessible and fit, ${look}`, async (t) => {
    const { page } = await site.signedUp(options)
    await withAudit(page)
    await page.goto('/audit')
    await loaded(page)
    await page.getByText('As a table').first().click()
    await checkLooks(t, page, `audit-${look}`)
  })
