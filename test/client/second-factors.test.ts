import { TOTP } from 'otpauth'
import t, { test } from 'tap'
import { GatehouseProblem } from '../../web/client/src/index.ts'
import { password } from '../helpers/app.ts'
import { wrongCode } from '../helpers/factors.ts'
import { startBrowsers } from '../helpers/tabs.ts'

const { open, pass, clock } = await startBrowsers(t)
const codeOf = (secret: string) => new TOTP({ secret }).generate({ timestamp: clock() })

/** A user who has turned an authenticator app on. */
async function withApp(options?: Parameters<ReturnType<typeof open>['signedUp']>[0]) {
  const browser = open()
  const somebody = await browser.signedUp(options)
  const { secret } = await somebody.api.POST('/api/auth/factors/totp')
  const body = { code: codeOf(secret) }
  const { recovery_codes } = await somebody.api.POST('/api/auth/factors/totp/confirm', { body })
  return { ...browser, ...somebody, secret, codes: recovery_codes }
}

const problemOf = (call: Promise<unknown>) =>
  call.then(
    () => undefined,
    (problem) => problem as GatehouseProblem
  )

test('a login with a second factor is completed with a code', async (t) => {
  const { tab, email, session, secret, codes, count } = await withApp()
  await session.logOut()
  const other = tab()
  await other.session.restore()
  const refreshes = count('refresh')
  const problem = await problemOf(other.session.logIn({ email, password }))
  t.ok(problem instanceof GatehouseProblem)
  t.match(problem, { code: 'second_factor_required', methods: ['totp', 'recovery_code'], expires_in: 300 })
  const challenge = problem?.challenge ?? ''
  await t.rejects(other.session.completeLogIn({ challenge, code: wrongCode(secret, clock()) }), {
    code: 'invalid_code'
  })
  t.match(other.session.state(), { status: 'out' })
  pass(30)
  t.match(await other.session.completeLogIn({ challenge, code: codeOf(secret) }), { email })
  t.match(other.session.state(), { status: 'in', user: { email } })
  t.equal(count('refresh'), refreshes, 'a wrong code renews nothing')
  await t.rejects(other.session.completeLogIn({ challenge, code: codes[0] ?? '' }), { code: 'invalid_token' })
  t.match(other.session.state(), { status: 'in' }, 'nor does it end a session')
})

test('a problem without a second factor has neither a challenge nor methods', async (t) => {
  const { session } = open().tab()
  const problem = await problemOf(session.logIn({ email: 'nobody@example.com', password }))
  t.match(problem, { code: 'invalid_credentials', challenge: undefined, methods: undefined, errors: [] })
})

test('changing the password and deleting the account ask for the second factor, once, and are repeated', async (t) => {
  let codes: string[] = []
  let asked = 0
  const user = await withApp({
    async onStepUp() {
      asked += 1
      await t.rejects(user.session.stepUp({ password }), { code: 'second_factor_required' })
      await t.rejects(user.session.stepUp({ code: wrongCode(user.secret, clock()) }), { code: 'invalid_code' })
      await user.session.stepUp({ code: codes.pop() ?? '' })
      return true
    }
  })
  codes = user.codes
  pass(601)
  const next = 'another-horse-8'
  t.match(await user.session.changePassword({ current_password: password, new_password: next }), { id: user.user.id })
  t.equal(asked, 1)
  pass(601)
  await user.session.deleteAccount({ password: next })
  t.equal(asked, 2)
  t.match(user.session.state(), { status: 'out', why: 'logout' })
  t.equal(user.count('refresh'), 0)
})
