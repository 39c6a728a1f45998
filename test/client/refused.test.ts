import t, { test } from 'tap'
import { password } from '../helpers/app.ts'
import { startBrowsers } from '../helpers/tabs.ts'

const { open } = await startBrowsers(t)
const answer = (status: number) => () => new Response('', { status })

test('after any refusal of the refresh the user is signed out, and can sign in', async (t) => {
  for (const status of [400, 401, 403, 404, 405, 411, 413, 415, 421, 431]) {
    const { signedUp, tab, interfere, email } = open()
    const first = await signedUp()
    first.close()
    const { session } = tab()
    interfere(answer(status))
    t.strictSame(await session.restore(), { status: 'out' }, String(status))
    interfere(() => undefined)
    t.match(await session.logIn({ email, password }), { email })
  }
})

test('after a temporary failure the state is still unknown', async (t) => {
  for (const status of [408, 429, 500, 502, 503]) {
    const { signedUp, tab, interfere } = open()
    const first = await signedUp()
    first.close()
    const { session } = tab()
    interfere(answer(status))
    t.equal(await session.restore().catch((problem) => problem.status), status)
    t.strictSame(session.state(), { status: 'unknown' })
    interfere(() => undefined)
    t.match(await session.restore(), { status: 'in' })
  }
})
