import t, { test } from 'tap'
import type { User } from '../../web/client/src/api.ts'
import { GatehouseProblem } from '../../web/client/src/index.ts'
import { password } from '../helpers/app.ts'
import { createAuthenticator } from '../helpers/authenticator.ts'
import { tokenOf } from '../helpers/mailbox.ts'
import { heard, startBrowsers } from '../helpers/tabs.ts'

const { open, lettersTo } = await startBrowsers(t)

test('after registration the refresh token is not readable by scripts', async (t) => {
  const { signedUp, cookies, email } = open()
  const { session, api, user } = await signedUp()
  t.match(user, { email, name: 'Ann' })
  t.strictSame(session.state(), { status: 'in', user })
  t.strictSame([...cookies.keys()], ['__Host-gatehouse_refresh'])
  t.strictSame(await api.GET('/api/tasks'), { items: [], next_cursor: null })
  const task = await api.POST('/api/tasks', { body: { title: 'Milk' } })
  t.equal(await api.DELETE('/api/tasks/{id}', { params: { path: { id: task.id } } }), undefined)
})

test('a reloaded page is signed in by its cookie, and signed out without one', async (t) => {
  const { signedUp, tab, asked } = open()
  const { user, close } = await signedUp()
  close()
  const reloaded = tab()
  t.strictSame(reloaded.session.state(), { status: 'unknown' })
  const states = [reloaded.session.restore(), reloaded.session.restore()]
  t.strictSame(await Promise.all(states), Array(2).fill({ status: 'in', user }))
  t.strictSame(asked.slice(1), ['POST /api/auth/refresh'])
  const stranger = open().tab()
  t.strictSame(await stranger.session.restore(), { status: 'out' })
  t.strictSame(await stranger.session.restore(), { status: 'out' })
  t.strictSame(stranger.left, [], 'who was never in did not leave')
})

test('a request in the unknown state restores the session first', async (t) => {
  const { signedUp, tab } = open()
  const first = await signedUp()
  first.close()
  t.match(await tab().api.GET('/api/auth/profile'), { id: first.user.id })
  const stranger = open().tab()
  await t.rejects(stranger.api.GET('/api/tasks'), { status: 401, code: 'not_authenticated' })
  await t.rejects(stranger.api.GET('/api/tasks'), { status: 401, code: 'not_authenticated' })
  t.match(await stranger.api.GET('/health'), { status: 'ok' })
})

test('a passkey signs in without a password', async (t) => {
  const { signedUp } = open()
  const { session, api, user } = await signedUp()
  const authenticator = createAuthenticator()
  const credential = authenticator.create(await api.POST('/api/auth/passkeys/options'))
  t.match(await api.POST('/api/auth/passkeys', { body: { credential, name: 'Phone' } }), { name: 'Phone' })
  await session.logOut()
  t.match(await session.logInWithPasskey(authenticator.get(await session.passkeyOptions())), { id: user.id })
  t.match(await api.GET('/api/auth/passkeys'), { items: [{ name: 'Phone' }] })
  const again = authenticator.get(await session.passkeyOptions(), { userVerified: false })
  await t.rejects(session.logInWithPasskey(again), { status: 401, code: 'invalid_credentials' })
  t.equal(session.state().status, 'in', 'a refused passkey ends no session')
})

test('logout signs out, login signs in, and a wrong password does not end the session', async (t) => {
  const { signedUp, email, cookies, count } = open()
  const { session, left, user } = await signedUp()
  await session.logOut()
  t.strictSame(session.state(), { status: 'out', why: 'logout' })
  t.strictSame(left, ['logout'])
  t.equal(cookies.size, 0)
  await t.rejects(session.logIn({ email, password: 'wrong-horse-7' }), { status: 401, code: 'invalid_credentials' })
  t.match(await session.logIn({ email, password }), { id: user.id })
  const change = { current_password: 'wrong-horse-7', new_password: 'another-horse-8' }
  await t.rejects(session.changePassword(change), { code: 'invalid_credentials' })
  await t.rejects(session.deleteAccount({ password: 'wrong-horse-7' }), { code: 'invalid_credentials' })
  t.equal(session.state().status, 'in')
  t.equal(count('refresh'), 0)
})

test('logout in one tab signs out all tabs, once', async (t) => {
  const { signedUp, tab } = open()
  const first = await signedUp()
  const second = tab()
  await second.session.restore()
  await first.session.logOut()
  await heard(() => second.left.length > 0)
  t.strictSame([first.left, second.left], [['logout'], ['logout']])
  t.strictSame(second.session.state(), { status: 'out', why: 'logout' })
  await first.session.logOut()
  t.strictSame(first.left, ['logout'])
})

test('login in one tab signs in all tabs, and a new name reaches all tabs', async (t) => {
  const { tab, email } = open()
  const [first, second] = [tab(), tab()]
  let changes = 0
  const stop = second.session.subscribe(() => changes++)
  const user = (await first.session.signUp({ email, name: 'Ann', password })) as User
  await heard(() => second.session.state().status === 'in')
  t.match(await second.api.GET('/api/auth/profile'), { id: user.id })
  const renamed = await first.api.PUT('/api/auth/profile', { body: { name: 'Anna' } })
  first.session.setUser(renamed)
  await heard(() => changes === 2)
  for (const { session } of [first, second]) t.strictSame(session.state(), { status: 'in', user: renamed })
  stop()
  await first.session.logOut()
  await heard(() => second.left.length > 0)
  t.equal(changes, 2, 'who no longer listens is not called')
})

test('logout succeeds after the session has ended', async (t) => {
  const { signedUp, tab, email } = open()
  const { session, left } = await signedUp()
  const elsewhere = open().tab()
  await elsewhere.session.logIn({ email, password })
  await elsewhere.api.DELETE('/api/auth/sessions')
  await session.logOut()
  t.strictSame(left, ['ended'])
  t.strictSame(await tab().session.restore(), { status: 'out' })
})

test('a password change keeps all tabs of this browser signed in, and ends every other session', async (t) => {
  const { signedUp, tab, email, count } = open()
  const first = await signedUp()
  const second = tab()
  await second.session.restore()
  const elsewhere = open().tab()
  await elsewhere.session.logIn({ email, password })
  const refreshes = count('refresh')
  let told = 0
  second.session.subscribe(() => told++)
  await first.session.changePassword({ current_password: password, new_password: 'another-horse-8' })
  await heard(() => told > 0)
  for (const { api } of [first, second]) t.match(await api.GET('/api/tasks'), { items: [] })
  t.equal(count('refresh'), refreshes, 'the other tab was told the new token')
  await t.rejects(elsewhere.api.GET('/api/tasks'), { code: 'invalid_token' })
  t.strictSame(elsewhere.left, ['ended'])
})

test('deleting the account signs out', async (t) => {
  const { signedUp, email, tab } = open()
  const { session, left } = await signedUp()
  await session.deleteAccount({ password })
  t.strictSame(left, ['logout'])
  await t.rejects(tab().session.logIn({ email, password }), GatehouseProblem)
})

test('where the address must be confirmed first, signing up signs nobody in', async (t) => {
  const { tab, email, interfere } = open()
  const { session } = tab()
  interfere(() => Response.json({ message: 'Confirm your address' }, { status: 202 }))
  t.equal(await session.signUp({ email, name: 'Ann', password }), undefined)
  t.not(session.state().status, 'in')
})

test('a forgotten password is replaced with the token of a mail, by somebody who is signed out', async (t) => {
  const { signedUp, tab, email } = open()
  const { close } = await signedUp()
  close()
  const { session } = open().tab()
  await session.forgotPassword(email)
  const token = tokenOf((await lettersTo(email)).at(-1))
  await t.rejects(session.resetPassword({ token, new_password: 'Password1!' }), { code: 'validation_failed' })
  await session.resetPassword({ token, new_password: 'another-horse-8' })
  await t.rejects(session.resetPassword({ token, new_password: 'a-third-horse-9' }), { code: 'invalid_token' })
  t.match(await session.logIn({ email, password: 'another-horse-8' }), { email })
  t.strictSame(await tab().session.restore(), { status: 'out' }, 'the session that was open has ended')
})
