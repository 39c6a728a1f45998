import t, { test } from 'tap'
import { password } from '../helpers/app.ts'
import { heard, startBrowsers } from '../helpers/tabs.ts'

const { open, pass } = await startBrowsers(t, { ACCESS_TOKEN_TTL: '10m' })
const { navigator } = globalThis
const navigate = (locks: unknown) =>
  Object.defineProperty(globalThis, 'navigator', { value: { locks }, configurable: true })
t.teardown(() => Object.defineProperty(globalThis, 'navigator', { value: navigator, configurable: true }))

test('a page that may not use locks, such as a sandboxed frame, signs in without them', async (t) => {
  navigate({ request: () => Promise.reject(new DOMException('not here', 'SecurityError')) })
  const { signedUp, email } = open()
  const { session, api, user } = await signedUp()
  t.match(await api.GET('/api/auth/me'), { user_id: user.id })
  await t.rejects(session.logIn({ email, password: 'wrong-horse-7' }), { code: 'invalid_credentials' })
  t.match(await session.logIn({ email, password }), { id: user.id })
})

test('without locks, two tabs that refresh at once stay signed in, by the same new tokens', async (t) => {
  navigate(undefined)
  const { signedUp, tab, count, interfere } = open()
  const first = await signedUp()
  const second = tab()
  await second.session.restore()
  pass(601)
  const before = count('refresh')
  // Neither is answered before both have asked.
  interfere(async ({ url }) => {
    if (url.includes('refresh')) await heard(() => count('refresh') === before + 2)
    return undefined
  })
  const answers = await Promise.all([first, second].map(({ api }) => api.GET('/api/auth/me')))
  t.strictSame(new Set(answers.map(({ user_id }) => user_id)), new Set([first.user.id]))
  t.strictSame([...first.left, ...second.left], [])
  t.equal(count('refresh'), before + 2)
})
