import t, { test } from 'tap'
import { startApp } from '../helpers/app.ts'
import { contractOf } from '../helpers/contract.ts'

const max = 2
const { app, signUp } = await startApp(t, {
  settings: { RATE_LIMIT_ENABLED: 'true', RATE_LIMIT_AUTH: String(max) }
})
const ann = await signUp()
const limited = [
  ['post', '/api/auth/register'],
  ['post', '/api/auth/login'],
  ['post', '/api/auth/login/second-factor'],
  ['post', '/api/auth/refresh'],
  ['post', '/api/auth/password/forgot'],
  ['post', '/api/auth/password/reset'],
  ['post', '/api/auth/email/verify'],
  ['post', '/api/auth/email/verification'],
  ['post', '/api/auth/email/confirm'],
  ['post', '/api/auth/email/cancel'],
  ['put', '/api/auth/password'],
  ['post', '/api/auth/profile/delete'],
  ['post', '/api/auth/step-up'],
  ['post', '/api/auth/step-up/options'],
  ['post', '/api/auth/tokens'],
  ['post', '/api/auth/passkeys'],
  ['post', '/api/auth/passkeys/options'],
  ['post', '/api/auth/passkeys/login'],
  ['post', '/api/auth/passkeys/login/options'],
  ['post', '/api/auth/factors/totp/confirm']
] as const

test('no other public operation lists 429, and all of these do', (t) => {
  const listed = Object.entries(contractOf(app).paths).flatMap(([path, methods]) =>
    Object.entries(methods)
      .filter(
        ([, { responses, security }]) =>
          '429' in responses && (!security?.length || security.some((scheme) => !('bearer' in scheme)))
      )
      .map(([method]) => `${method} ${path}`)
  )
  const names = limited.map((operation) => operation.join(' '))
  t.strictSame(
    listed.sort(),
    names
      .filter((name) => !/password$|delete|verification|step-up|factors|tokens|passkeys(\/options)?$/.test(name))
      .sort()
  )
  t.end()
})

for (const [i, [method, path]] of limited.entries())
  test(`${method.toUpperCase()} ${path} answers 429 after so many attempts a minute from one address`, async (t) => {
    const body = /(verification|options)$/.test(path) ? undefined : {}
    const attempt = async (remoteAddress: string) => (await ann[method](path, body, { remoteAddress })).statusCode
    for (let n = 0; n < max; n++) t.not(await attempt(`198.51.100.${i}`), 429, `attempt ${n + 1}`)
    t.equal(await attempt(`198.51.100.${i}`), 429)
    t.not(await attempt(`203.0.113.${i}`), 429, 'another address')
  })
