import Fastify from 'fastify'
import t, { test } from 'tap'
import type { GatehouseUser } from '../../packages/guard/src/claims.ts'
import { guard } from '../../packages/guard/src/guard.ts'
import { retireKey } from '../../src/auth/keys/rotation.ts'
import { caller, password } from '../helpers/app.ts'
import { feedToken } from '../helpers/feed.ts'
import { headerOf, startSigning } from '../helpers/signing.ts'
import { until } from '../helpers/wait.ts'

const { app, config, signUp } = await startSigning(t, 'EdDSA')
const url = await app.listen({ port: 0, host: '127.0.0.1' })

/** A service of somebody else, with the guard. */
const consumer = Fastify()
await consumer.register(guard, {
  issuer: 'gatehouse',
  audience: 'gatehouse',
  jwksUrl: `${url}/.well-known/jwks.json`,
  revocations: { url: `${url}/api/revocations`, token: await feedToken(app, signUp) }
})
await consumer.register(async (scope) => {
  scope.requireUser()
  scope.get('/me', async (request) => request.getDecorator<GatehouseUser>('user'))
})
await consumer.ready()
t.teardown(() => consumer.close())

const statusOf = async (token: string) =>
  (await consumer.inject({ url: '/me', headers: { authorization: `Bearer ${token}` } })).statusCode

const ends: Record<string, (user: Awaited<ReturnType<typeof signUp>>) => Promise<unknown>> = {
  'a logout': (ann) => ann.post('/api/auth/logout'),
  'a new password': async ({ email }) => {
    const again = await caller(app).post('/api/auth/login', { email, password })
    const change = { current_password: password, new_password: 'another-horse-8' }
    const answer = await caller(app, again.json().access_token).put('/api/auth/password', change)
    t.equal(await statusOf(answer.json().access_token), 200, 'the session that changed it continues')
  },
  'a deactivation': async ({ id }) => {
    await app.db.updateTable('users').set({ is_active: false }).where('id', '=', id).execute()
    await app.revocations.settle()
  },
  'a deleted account': (ann) => ann.post('/api/auth/profile/delete', { password })
}

for (const [what, end] of Object.entries(ends))
  test(`a service with the guard refuses the tokens of a session after ${what}`, async (t) => {
    const ann = await signUp()
    t.equal(await statusOf(ann.token), 200)
    await end(ann)
    await until('the refusal', async () => (await statusOf(ann.token)) === 401)
    const answer = await consumer.inject({ url: '/me', headers: { authorization: `Bearer ${ann.token}` } })
    t.match(answer.json(), { code: 'token_revoked' })
  })

test('a service with the guard refuses the tokens of a key that Gatehouse retired at once', async (t) => {
  const ann = await signUp()
  t.equal(await statusOf(ann.token), 200)
  const { kid } = headerOf(ann.token)
  await retireKey(app.db, kid, config, { atOnce: true })
  await app.revocations.settle()
  await until('the refusal', async () => (await statusOf(ann.token)) === 401)
  const answer = await consumer.inject({ url: '/me', headers: { authorization: `Bearer ${ann.token}` } })
  t.match(answer.json(), { code: 'invalid_token' })
  await app.signingKeys.load()
  const ben = await signUp()
  t.not(headerOf(ben.token).kid, kid)
  t.equal(await statusOf(ben.token), 200, 'the key that stood by was published before')
})
