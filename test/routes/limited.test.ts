import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { FastifyInstance, FastifySchema } from 'fastify'
import t, { test } from 'tap'
import { startApp } from '../helpers/app.ts'
import { contractOf } from '../helpers/contract.ts'
import { urlOf } from '../helpers/routes.ts'

const max = 2
type Method = 'get' | 'post' | 'put' | 'patch' | 'delete'
const limited: { name: string; method: Method; url: string; schema: FastifySchema }[] = []

// Before the app exists, because it registers its routes while it is built.
function watch(message: unknown): void {
  const { fastify } = message as { fastify: FastifyInstance }
  fastify.addHook('onRoute', ({ method: methods, url, schema = {} }) => {
    // Every route of users lists 429 in the contract, because they take turns. Those that name it have a limit of their own.
    if (!schema.problems?.includes(429)) return
    for (const method of [methods].flat().map((method) => method.toLowerCase()))
      if (method !== 'head')
        limited.push({ name: `${method} ${url}`, method: method as Method, url: urlOf(url), schema })
  })
}
subscribe('fastify.initialization', watch)
const { app, signUp } = await startApp(t, {
  settings: { RATE_LIMIT_ENABLED: 'true', RATE_LIMIT_AUTH: String(max), RATE_LIMIT_MAIL: String(max) }
})
unsubscribe('fastify.initialization', watch)
const ann = await signUp()

/** What is limited by something else than the number of attempts, and where that is tested. */
const otherLimits = new Map([
  ['get /api/auth/profile/export', 'one download at a time: test/auth/personal-data.test.ts']
])
/** Of routes that count only what they carry out. */
const bodies: Record<string, object> = { 'post /api/auth/email/change': { email: 'new@example.com' } }

test('the routes with a limit of their own are those that name 429, among them all public ones of the contract', (t) => {
  const names = limited.map(({ name }) => name)
  for (const name of ['post /api/auth/login', 'put /api/auth/password', ...otherLimits.keys()])
    t.ok(names.includes(name), name)
  for (const [path, methods] of Object.entries(contractOf(app).paths))
    for (const [method, { responses, security }] of Object.entries(methods)) {
      const isPublic = !security.length || security.some((scheme) => !('bearer' in scheme))
      if (isPublic) t.equal(names.includes(`${method} ${path}`), '429' in responses, `${method} ${path}`)
    }
  t.end()
})

for (const [i, { name, method, url, schema }] of limited.entries()) {
  if (otherLimits.has(name)) continue
  test(`${name} answers 429 after so many attempts from one network`, async (t) => {
    const body = schema.body ? (bodies[name] ?? {}) : undefined
    const send = (remoteAddress: string) => ann[method](url, body, { remoteAddress })
    const attempt = async (remoteAddress: string) => (await send(remoteAddress)).statusCode
    // One customer has a /64 of IPv6.
    const network = `2001:db8:0:${i}`
    for (let n = 0; n < max; n++) t.not(await attempt(`${network}::${n}`), 429, `attempt ${n + 1}`)
    const refused = await send(`${network}::ffff`)
    t.equal(refused.statusCode, 429)
    const wait = Number(refused.headers['retry-after'])
    t.ok(wait > 1 && wait <= 3_600, 'until the window is over')
    t.not(await attempt(`2001:db8:1:${i}::1`), 429, 'another network')
  })
}
