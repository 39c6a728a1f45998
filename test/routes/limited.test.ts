import t, { test } from 'tap'
import { startApp } from '../helpers/app.ts'
import { contractOf } from '../helpers/contract.ts'
import { urlOf } from '../helpers/routes.ts'

const max = 2
const { app, signUp } = await startApp(t, {
  settings: { RATE_LIMIT_ENABLED: 'true', RATE_LIMIT_AUTH: String(max) }
})
const ann = await signUp()
const operations = Object.entries(contractOf(app).paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, { responses }]) => ({
    method: method as 'get' | 'post' | 'put' | 'patch' | 'delete',
    path: path.replace(/\{(\w+)\}/g, ':$1'),
    isLimited: '429' in responses
  }))
)
const limited = operations.filter(({ isLimited }) => isLimited)

test('register, login, refresh, the password change and the deletion of an account are limited', async (t) => {
  const names = limited.map(({ method, path }) => `${method} ${path}`)
  for (const name of [
    'post /api/auth/register',
    'post /api/auth/login',
    'post /api/auth/refresh',
    'put /api/auth/password',
    'post /api/auth/profile/delete'
  ])
    t.ok(names.includes(name), name)
})

for (const [i, { method, path }] of limited.entries())
  test(`${method.toUpperCase()} ${path} answers 429 after so many attempts a minute from one address`, async (t) => {
    const attempt = async (remoteAddress: string) =>
      (await ann[method](urlOf(path), method === 'get' ? undefined : {}, { remoteAddress })).statusCode
    for (let n = 0; n < max; n++) t.not(await attempt(`198.51.100.${i}`), 429, `attempt ${n + 1}`)
    t.equal(await attempt(`198.51.100.${i}`), 429)
    t.not(await attempt(`203.0.113.${i}`), 429, 'another address')
  })
