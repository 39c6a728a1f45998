import t, { test } from 'tap'
import { password } from '../helpers/app.ts'
import { heard, startBrowsers } from '../helpers/tabs.ts'

const { open } = await startBrowsers(t)
const { timeout } = AbortSignal
t.teardown(() => Object.assign(AbortSignal, { timeout }))

/** Timeouts that fire when the test says so. */
let late = new AbortController()
Object.assign(AbortSignal, { timeout: () => late.signal })

function passDeadline() {
  const passed = late
  late = new AbortController()
  passed.abort(new DOMException('late', 'TimeoutError'))
}

type Change = (tab: ReturnType<ReturnType<typeof open>['tab']>, email: string) => Promise<unknown>

const changes: Record<string, Change> = {
  register: ({ session }, email) => session.signUp({ email: `other-${email}`, name: 'Ann', password }),
  login: ({ session }, email) => session.logIn({ email, password }),
  logout: ({ session }) => session.logOut(),
  password: ({ session }) => session.changePassword({ current_password: password, new_password: 'another-horse-8' }),
  'profile/delete': ({ session }) => session.deleteAccount({ password })
}

for (const [path, change] of Object.entries(changes))
  test(`${path} times out, and then no longer blocks other tabs`, async (t) => {
    const { signedUp, tab, email, interfere, count } = open()
    const first = await signedUp()
    interfere(({ url, signal }) => {
      if (!url.endsWith(`/api/auth/${path}`)) return undefined
      return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
    })
    const before = count(path)
    const stalled = change(first, email)
    await heard(() => count(path) > before)
    first.close()
    const restored = tab().session.restore()
    passDeadline()
    await t.rejects(stalled, { status: 0, code: 'timeout' })
    t.match(await restored, { status: 'in', user: { email } })
    t.strictSame(first.left, [], 'who could not log out is in still')
  })
