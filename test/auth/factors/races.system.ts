import t, { test } from 'tap'
import { password, secret as serviceSecret } from '../../helpers/app.ts'
import { codeAt } from '../../helpers/factors.ts'
import { servePatiently } from '../../helpers/process.ts'
import { cloneTemplate, server } from '../../helpers/template.ts'
import { until } from '../../helpers/wait.ts'

const skip = server ? false : 'the embedded database serves one process'
const times = 50

if (server) {
  const { settings, remove } = await cloneTemplate()
  t.teardown(remove)
  const env = { ...settings, BETTER_AUTH_SECRET: serviceSecret, RATE_LIMIT_ENABLED: 'false' }
  const processes = await Promise.all([servePatiently(t, env), servePatiently(t, env)])

  const post = async (i: number, path: string, body?: object, token?: string) => {
    const headers = { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) }
    const url = `${processes[i % 2]?.url}/api/auth/${path}`
    const answer = await fetch(url, { method: 'POST', headers, ...(body && { body: JSON.stringify(body) }) })
    return { status: answer.status, body: await answer.json() }
  }

  /** A user with an authenticator app, whose first code was that of the step before; again if that step ends meanwhile. */
  async function register() {
    const email = `${crypto.randomUUID()}@example.com`
    const { access_token: token } = (await post(0, 'register', { email, name: 'Somebody', password })).body
    const { secret } = (await post(0, 'factors/totp', undefined, token)).body
    const confirmed = await until('a code that is accepted', async () => {
      const code = codeAt(secret, Date.now() - 30_000)
      const answer = await post(1, 'factors/totp/confirm', { code }, token)
      return answer.status === 200 && answer
    })
    return { email, secret, recoveryCodes: confirmed.body.recovery_codes as string[] }
  }

  const codes: Record<string, (user: Awaited<ReturnType<typeof register>>) => string> = {
    code: ({ secret }) => codeAt(secret, Date.now()),
    'recovery code': ({ recoveryCodes: [code = ''] }) => code
  }
  for (const [what, pick] of Object.entries(codes))
    test(`the same ${what}, ${times} times at once to two processes, opens one session`, async (t) => {
      const user = await register()
      const challenges: string[] = []
      while (challenges.length < times) {
        const asked = await post(challenges.length, 'login', { email: user.email, password })
        challenges.push(asked.body.challenge)
      }
      const code = pick(user)
      const answers = await Promise.all(
        challenges.map((challenge, i) => post(i, 'login/second-factor', { challenge, code }))
      )
      t.equal(answers.filter(({ status }) => status === 200).length, 1)
      // 503: it waited too long for the others.
      const refused = answers.filter(({ status, body }) => status === 503 || body.code === 'invalid_code')
      t.equal(refused.length, times - 1)
    })

  test(`one challenge with ${times} right codes at once opens one session`, async (t) => {
    const user = await register()
    const { challenge } = (await post(0, 'login', { email: user.email, password })).body
    const answers = await Promise.all(
      Array.from({ length: times }, (_, i) =>
        post(i, 'login/second-factor', { challenge, code: user.recoveryCodes[i % 10] })
      )
    )
    t.equal(answers.filter(({ status }) => status === 200).length, 1)
  })
} else test('races between processes', { skip }, async () => {})
