import t, { test } from 'tap'
import { password } from '../helpers/app.ts'
import { addProbes } from '../helpers/step-up.ts'
import { heard, startBrowsers } from '../helpers/tabs.ts'

const { open, pass } = await startBrowsers(t, {}, addProbes)
// Not in the generated types.
const path = '/api/probe' as '/api/auth/me'

test('when the server requires a step-up, the app asks the user, and the call succeeds', async (t) => {
  const { signedUp, count, tab } = open()
  let asked = 0
  const { api, user, left, session } = await signedUp({
    async onStepUp() {
      asked += 1
      await t.rejects(session.stepUp({ password: 'wrong-horse-7' }), { code: 'invalid_credentials' })
      t.match(await session.stepUp({ password }), { id: user.id })
      return true
    }
  })
  t.match(await api.GET(path), { id: user.id })
  t.equal(asked, 0, 'after signing up nobody is asked')
  const other = tab()
  await other.session.restore()
  const refreshes = count('refresh')
  let told = 0
  other.session.subscribe(() => told++)
  pass(601)
  t.strictSame(await Promise.all([api.GET(path), api.GET(path)]), Array(2).fill({ id: user.id }))
  t.equal(asked, 1, 'two calls ask once')
  t.equal(count('/api/probe'), 5)
  t.strictSame(left, [])
  await heard(() => told > 0)
  t.match(await other.api.GET(path), { id: user.id }, 'another tab has the new token, too')
  t.equal(count('refresh'), refreshes)
})

test('without an answer, or if it does not help, the call fails once and the user stays signed in', async (t) => {
  let answer = false
  const { signedUp, count, tab } = open()
  const { session, left, api } = await signedUp({ onStepUp: async () => answer })
  pass(601)
  await t.rejects(api.GET(path), { code: 'step_up_required', status: 401 })
  t.equal(count('/api/probe'), 1)
  answer = true
  await t.rejects(api.GET(path), { code: 'step_up_required' })
  t.equal(count('/api/probe'), 3)
  t.match(session.state(), { status: 'in' })
  t.strictSame(left, [])
  t.equal(count('refresh'), 0, 'a new token would not help')
  await t.rejects(tab().api.GET(path), { code: 'step_up_required' }, 'an app that cannot ask')
})

test('the call is not repeated for another user who signs in meanwhile', async (t) => {
  const { signedUp, count } = open()
  const { session, api } = await signedUp({
    async onStepUp() {
      await session.logOut()
      await session.signUp({ email: `${crypto.randomUUID()}@example.com`, name: 'Ben', password })
      return true
    }
  })
  pass(601)
  await t.rejects(api.GET(path), { code: 'step_up_required' })
  t.equal(count('/api/probe'), 1)
})
