import { request } from 'node:http'
import Fastify from 'fastify'
import t, { test } from 'tap'
import { type GuardOptions, guard } from '../../packages/guard/src/guard.ts'
import { guardToken, header, signText, startConsumer, startKeyServer } from '../helpers/guard.ts'
import { hostileTokens, hostileUnder } from '../helpers/hostile-tokens.ts'
import { seconds } from '../helpers/mint.ts'
import { refused } from '../helpers/refused.ts'

const { jwksUrl } = await startKeyServer(t)
const { app, time, me, guard: gate, lines } = await startConsumer(t, { jwksUrl })

/** The guard's answers have the id of the request in the body only. */
const withId = (answer: Awaited<ReturnType<typeof me>>) =>
  Object.assign(answer, { headers: { ...answer.headers, 'x-request-id': answer.json().request_id } })

test('a token of Gatehouse opens the route, and its claims are typed', async (t) => {
  const iat = seconds()
  const more = { email_verified: true, role: 'admin', auth_time: iat, amr: ['pwd', 'otp'] }
  const sid = crypto.randomUUID()
  const answer = await me(guardToken({ iat, exp: iat + 60, sid, jti: 'x', ...more }))
  t.equal(answer.statusCode, 200)
  t.strictSame(answer.json(), {
    id: '0193aaaa-0000-7000-8000-00000000000a',
    email: 'ann@example.com',
    emailVerified: true,
    role: 'admin',
    sessionId: sid,
    tokenId: 'x',
    issuedAt: iat,
    expiresAt: iat + 60,
    authTime: iat,
    amr: ['pwd', 'otp']
  })
  const user = await gate.verify(guardToken({ nbf: iat }))
  t.match(user, { authTime: undefined, amr: [], emailVerified: undefined, role: undefined })
  t.ok(Object.isFrozen(user) && Object.isFrozen((await gate.verify(guardToken(more))).amr))
})

test('each hostile token gets the same 401 as at Gatehouse', async (t) => {
  const resigned = hostileUnder({ header, signText })
  // What this key signs.
  delete resigned['header alg "EdDSA"']
  t.ok(Object.keys(resigned).length > 140)
  for (const [name, token] of Object.entries({ ...hostileTokens, ...resigned })) {
    const answer = withId(await me(token))
    const isReadable = !/[\s]/.test(token) && token.length > 0
    if (isReadable) refused(t, answer, 'invalid_token', name)
    else t.equal(answer.statusCode, 401, name)
  }
  for (const claim of [{ email_verified: 'yes' }, { email_verified: null }, { role: 1 }, { role: '' }])
    refused(t, withId(await me(guardToken(claim))), 'invalid_token', JSON.stringify(claim))
  for (const name of ['sub', 'sid'])
    refused(
      t,
      withId(await me(guardToken({ [name]: crypto.randomUUID().toUpperCase().replace(/^./, 'A') }))),
      'invalid_token',
      name
    )
  t.notOk(
    lines.some((line) => JSON.stringify(line).includes('eyJ')),
    'no token in the log'
  )
})

test('without a token the answer is 401, and other routes stay open', async (t) => {
  t.equal((await app.inject('/open')).statusCode, 200)
  refused(t, withId(await app.inject('/me')), 'not_authenticated', 'no header')
  for (const authorization of ['Basic YTpi', 'Bearer', 'Bearer ', guardToken()])
    refused(t, withId(await app.inject({ url: '/me', headers: { authorization } })), 'not_authenticated', authorization)
  for (const authorization of [`Bearer ${guardToken()} x`, 'Bearer a b'])
    refused(t, withId(await app.inject({ url: '/me', headers: { authorization } })), 'invalid_token', authorization)
  for (const scheme of ['bearer', 'BEARER', 'Bearer '])
    t.equal((await app.inject({ url: '/me', headers: { authorization: `${scheme} ${guardToken()}` } })).statusCode, 200)
})

test('an expired token is refused as such, and a clock that is ahead is tolerated', async (t) => {
  const iat = Math.floor(time.now / 1000)
  refused(t, withId(await me(guardToken({ iat: iat - 60, exp: iat - 1 }))), 'token_expired', 'a second ago')
  t.equal((await me(guardToken({ iat: iat + 50, exp: iat + 100, nbf: iat + 50 }))).statusCode, 200)
  const strict = await startConsumer(t, { jwksUrl, clockTolerance: 0 })
  refused(t, withId(await strict.me(guardToken({ iat: iat + 50, exp: iat + 100 }))), 'invalid_token', 'no tolerance')
})

test('a token for another audience or of another issuer is refused, also where a list contains ours', async (t) => {
  const other = await startConsumer(t, { jwksUrl, audience: 'billing' })
  refused(t, withId(await other.me(guardToken())), 'invalid_token', 'for gatehouse, at billing')
  t.equal((await other.me(guardToken({ aud: 'billing' }))).statusCode, 200)
  refused(t, withId(await other.me(guardToken({ aud: ['billing', 'gatehouse'] }))), 'invalid_token', 'a list')
  refused(t, withId(await me(guardToken({ aud: 'billing' }))), 'invalid_token', 'for billing, here')
})

test('two Authorization headers are refused, because a proxy may read the other one', async (t) => {
  const url = await app.listen({ port: 0, host: '127.0.0.1' })
  const { promise, resolve, reject } = Promise.withResolvers<number | undefined>()
  const call = request(`${url}/me`, (response) => resolve(response.resume().statusCode))
  call.setHeader('Authorization', [`Bearer ${guardToken()}`, 'Bearer x'])
  call.on('error', reject).end()
  t.equal(await promise, 401)
  t.match(lines.at(-2), { refusal: 'two Authorization headers' })
})

test('without a feed of revocations isFresh() is always true', async (t) => {
  const { guard, time } = await startConsumer(t, { jwksUrl })
  time.elapsed += 24 * 60 * 60_000
  t.equal(guard.isFresh(), true)
})

test('an unexpected error of the guard answers 500, and opens no route', async (t) => {
  const clock = () => {
    throw new Error('no clock')
  }
  const { me } = await startConsumer(t, { jwksUrl, clock })
  const answer = await me(guardToken())
  t.equal(answer.statusCode, 500)
  t.match(answer.json(), { message: 'no clock' })
})

test('wrong options stop the start', async (t) => {
  const right = { issuer: 'gatehouse', audience: 'gatehouse', jwksUrl }
  const cases: [object, RegExp][] = [
    [{ issuer: undefined }, /issuer is required/],
    [{ audience: '' }, /audience is required/],
    [{ audience: ['gatehouse'] }, /audience is required/],
    [{ algorithms: [] }, /algorithms must be some of EdDSA, ES256/],
    [{ algorithms: ['HS256'] }, /algorithms must be/],
    [{ clockTolerance: -1 }, /clockTolerance must be/],
    [{ clockTolerance: 301 }, /clockTolerance must be/],
    [{ jwksUrl: 'http://auth.example.com/jwks' }, /is not an https URL/],
    [{ jwksUrl: 'jwks.json' }, /is not an https URL/],
    [{ jwksUrl: undefined }, /jwksUrl is required/],
    [{ jwksUrl: undefined, issuer: 'http://auth.example.com' }, /is not an https URL/]
  ]
  for (const [change, message] of cases)
    await t.rejects(
      async () => Fastify().register(guard, { ...right, ...change } as GuardOptions),
      { message },
      String(message)
    )
})
