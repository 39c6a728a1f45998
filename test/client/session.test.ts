import t, { test } from 'tap'
import { Problem } from '../../web/client/src/index.ts'
import { password } from '../helpers/app.ts'
import { heard, startBrowsers } from '../helpers/tabs.ts'

const { open } = await startBrowsers(t)

test('signing up gives a session whose refresh token no script sees', async (t) => {
  const { signedUp, cookies, email } = open()
  const { session, api, user } = await signedUp()
  t.match(user, { email, name: 'Ann' })
  t.strictSame(session.state(), { status: 'in', user })
  t.strictSame([...cookies.keys()], ['__Host-gatehouse_refresh'])
  t.strictSame(await api.GET('/api/tasks'), { items: [], next_cursor: null })
  const task = await api.POST('/api/tasks', { body: { title: 'Milk' } })
  t.equal(await api.DELETE('/api/tasks/{id}', { params: { path: { id: task.id } } }), undefined)
})

test('a page that is loaded anew is logged in by its cookie, and one without is out', async (t) => {
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

test('a request before anything is known finds out by itself', async (t) => {
  const { signedUp, tab } = open()
  const first = await signedUp()
  first.close()
  t.match(await tab().api.GET('/api/auth/profile'), { id: first.user.id })
  const stranger = open().tab()
  await t.rejects(stranger.api.GET('/api/tasks'), { code: 'invalid_token' })
  await t.rejects(stranger.api.GET('/api/tasks'), { status: 401, code: 'not_authenticated' })
  t.match(await stranger.api.GET('/health'), { status: 'ok' })
})

test('logging in and out; a wrong password is no end of a session', async (t) => {
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

test('logging out in one tab logs out all, once', async (t) => {
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

test('logging in in one tab logs in all, and a new name is known in all', async (t) => {
  const { tab, email } = open()
  const [first, second] = [tab(), tab()]
  let changes = 0
  const stop = second.session.subscribe(() => changes++)
  const user = await first.session.signUp({ email, name: 'Ann', password })
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

test('who logs out after the session has ended is out all the same', async (t) => {
  const { signedUp, tab, email } = open()
  const { session, left } = await signedUp()
  const elsewhere = open().tab()
  await elsewhere.session.logIn({ email, password })
  await elsewhere.api.DELETE('/api/auth/sessions')
  await session.logOut()
  t.strictSame(left, ['ended'])
  t.strictSame(await tab().session.restore(), { status: 'out' })
})

test('a changed password keeps this browser in, all its tabs, and puts out every other', async (t) => {
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

test('who deletes the account is out', async (t) => {
  const { signedUp, email, tab } = open()
  const { session, left } = await signedUp()
  await session.deleteAccount({ password })
  t.strictSame(left, ['logout'])
  await t.rejects(tab().session.logIn({ email, password }), Problem)
})
