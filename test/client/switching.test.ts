import t, { test } from 'tap'
import { password } from '../helpers/app.ts'
import { heard, startBrowsers } from '../helpers/tabs.ts'

const { open, pass } = await startBrowsers(t, { ACCESS_TOKEN_TTL: '10m' })

test("a request is not repeated with another account's token", async (t) => {
  const { signedUp, tab, interfere, asked } = open()
  const first = await signedUp()
  const other = tab()
  let switched = false
  interfere(async ({ url, method }) => {
    if (switched || method !== 'POST' || !url.endsWith('/api/tasks')) return undefined
    switched = true
    await first.session.logOut()
    pass(1)
    await other.session.signUp({ email: `${crypto.randomUUID()}@example.com`, name: 'Bea', password })
    await heard(() => first.session.state().status === 'in')
    return undefined
  })
  await t.rejects(first.api.POST('/api/tasks', { body: { title: 'for Ann alone' } }), { code: 'token_revoked' })
  t.equal(asked.filter((line) => line === 'POST /api/tasks').length, 1)
  t.strictSame((await other.api.GET('/api/tasks')).items, [])
})

test('a logout during a token refresh takes effect', async (t) => {
  const { signedUp, tab, interfere } = open()
  const first = await signedUp()
  const other = tab()
  await other.session.restore()
  pass(550)
  let out = Promise.resolve()
  interfere(async ({ url }) => {
    if (!url.includes('refresh')) return undefined
    interfere(() => undefined)
    out = first.session.logOut()
    return undefined
  })
  await first.api.GET('/api/tasks').catch(() => {})
  await heard(() => first.left.length > 0)
  await out
  await heard(() => other.left.length > 0)
  t.strictSame([first.session.state().status, other.session.state().status], ['out', 'out'])
  t.strictSame([first.left, other.left], [['logout'], ['logout']])
})
