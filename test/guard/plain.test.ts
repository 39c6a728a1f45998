import Fastify from 'fastify'
import { test } from 'tap'
import { guard, userOf } from '../../packages/guard/src/plain.ts'
import type { User } from '../../src/index.ts'
import { firstKey, guardToken, startKeyServer } from '../helpers/guard.ts'

// This file is in one program with the declarations of the service: the type check is a part of the test.
test('the guard is used where the service declares the user of a request', async (t) => {
  const keys = await startKeyServer(t)
  keys.publish(firstKey)
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(guard, { issuer: 'gatehouse', audience: 'gatehouse', jwksUrl: keys.jwksUrl })
  app.get('/me', { onRequest: app.guard.authenticate }, async (request) => {
    const ofTheService: User = request.user
    // @ts-expect-error The user of the guard has no such member.
    t.equal(userOf(request).token, undefined)
    t.equal(ofTheService.id, userOf(request).id)
    return { session: userOf(request).sessionId }
  })
  const { statusCode, body } = await app.inject({ url: '/me', headers: { authorization: `Bearer ${guardToken()}` } })
  t.equal(statusCode, 200)
  t.match(JSON.parse(body).session, /^[0-9a-f-]{36}$/)
  t.equal((await app.inject('/me')).statusCode, 401)
})
