import t, { test } from 'tap'
import { password } from '../helpers/app.ts'
import { codeOf, tokenOf } from '../helpers/mailbox.ts'
import { heard, startBrowsers } from '../helpers/tabs.ts'

const soft = await startBrowsers(t, { EMAIL_VERIFICATION: 'soft' })
const required = await startBrowsers(t, { EMAIL_VERIFICATION: 'required' })

test('an address is confirmed by the newest link, once, in a browser that is signed out', async (t) => {
  const { signedUp, email } = soft.open()
  const { api, user } = await signedUp()
  t.match(user, { email_verified: false })
  await api.POST('/api/auth/email/verification')
  const [older, newer] = await soft.lettersTo(email)
  const { session: other } = soft.open().tab()
  await other.restore()
  await t.rejects(other.verifyEmail({ token: tokenOf(older) }), { code: 'invalid_token' })
  await other.verifyEmail({ token: tokenOf(newer) })
  await t.rejects(other.verifyEmail({ token: tokenOf(newer) }), { code: 'invalid_token' })
  t.strictSame(other.state(), { status: 'out' })
  t.match(await other.logIn({ email, password }), { email_verified: true })
})

test('an address is confirmed by a code, and every tab that is signed in learns it', async (t) => {
  const { signedUp, tab, email, count } = soft.open()
  const { session, left } = await signedUp()
  const second = tab()
  await second.session.restore()
  const code = codeOf((await soft.lettersTo(email)).at(-1))
  const refreshes = count('refresh')
  const wrong = code === '0000 0000' ? '1111 1111' : '0000 0000'
  await t.rejects(session.verifyEmail({ email, code: wrong }), { code: 'invalid_token' })
  t.equal(count('refresh'), refreshes, 'a wrong code says nothing about the access token')
  t.strictSame(left, [])
  await session.verifyEmail({ email, code })
  t.match(session.state(), { status: 'in', user: { email_verified: true } })
  await heard(() => {
    const state = second.session.state()
    return state.status === 'in' && state.user.email_verified
  })
})

test('a page that has just been opened is signed in when it has confirmed the address', async (t) => {
  const { signedUp, tab, email } = soft.open()
  const { close } = await signedUp()
  close()
  const { session } = tab()
  await session.verifyEmail({ token: tokenOf((await soft.lettersTo(email)).at(-1)) })
  t.match(session.state(), { status: 'in', user: { email, email_verified: true } })
})

test('a confirmed address stays confirmed when the refresh after it fails', async (t) => {
  const { signedUp, email, interfere } = soft.open()
  const { session } = await signedUp()
  interfere(({ url }) => (url.includes('refresh') ? new Response('<html>', { status: 502 }) : undefined))
  await session.verifyEmail({ token: tokenOf((await soft.lettersTo(email)).at(-1)) })
  t.match(session.state(), { status: 'in', user: { email } })
})

test('where confirmation is required, signing up opens no session, and signing in says why', async (t) => {
  const { tab, email } = required.open()
  const { session } = tab()
  t.equal(await session.signUp({ email, name: 'Ann', password }), undefined)
  t.strictSame(await session.restore(), { status: 'out' })
  await t.rejects(session.logIn({ email, password }), { status: 401, code: 'email_not_verified' })
  t.strictSame(session.state(), { status: 'out' })
  await session.verifyEmail({ email, code: codeOf((await required.lettersTo(email)).at(-1)) })
  t.strictSame(session.state(), { status: 'out' })
  t.match(await session.logIn({ email, password }), { email_verified: true })
})

test('a change of address reaches every tab; when it is cancelled, they are signed out', async (t) => {
  const { signedUp, tab, email } = soft.open()
  const { api, session, left } = await signedUp()
  const second = tab()
  await second.session.restore()
  const next = `new-${crypto.randomUUID()}@example.com`
  await api.POST('/api/auth/email/change', { body: { email: next } })
  const cancellation = tokenOf((await soft.lettersTo(email)).at(-1))
  const confirmation = tokenOf((await soft.lettersTo(next)).at(-1))
  await second.session.confirmEmail({ token: confirmation })
  t.match(second.session.state(), { user: { email: next, email_verified: true } })
  await heard(() => {
    const state = session.state()
    return state.status === 'in' && state.user.email === next
  })
  await t.rejects(session.confirmEmail({ token: confirmation }), { code: 'invalid_token' })
  const { session: other } = soft.open().tab()
  await other.restore()
  await other.cancelEmailChange(cancellation)
  t.strictSame(other.state(), { status: 'out' })
  await t.rejects(other.cancelEmailChange(cancellation), { code: 'invalid_token' })
  await t.rejects(api.GET('/api/tasks'))
  t.strictSame(left, ['ended'])
  t.match(await other.logIn({ email, password }), { email })
})

test('the user who asked for a change of address confirms it with the code; a wrong one ends nothing', async (t) => {
  const { signedUp, count } = soft.open()
  const { api, session, left } = await signedUp()
  const next = `new-${crypto.randomUUID()}@example.com`
  await api.POST('/api/auth/email/change', { body: { email: next } })
  const code = codeOf((await soft.lettersTo(next)).at(-1))
  const refreshes = count('refresh')
  const wrong = code === '0000 0000' ? '1111 1111' : '0000 0000'
  await t.rejects(session.confirmEmail({ code: wrong }), { code: 'invalid_code' })
  t.equal(count('refresh'), refreshes, 'a wrong code says nothing about the access token')
  await session.confirmEmail({ code })
  t.match(session.state(), { user: { email: next, email_verified: true } })
  t.strictSame(left, [])
})

test('cancelling a change in the browser that is signed in signs out there', async (t) => {
  const { signedUp, email } = soft.open()
  const { api, session, left } = await signedUp()
  await api.POST('/api/auth/email/change', { body: { email: `new-${crypto.randomUUID()}@example.com` } })
  await session.cancelEmailChange(tokenOf((await soft.lettersTo(email)).at(-1)))
  t.strictSame(session.state(), { status: 'out', why: 'ended' })
  t.strictSame(left, ['ended'])
})
