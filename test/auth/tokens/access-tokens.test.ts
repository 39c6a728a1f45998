import { test } from 'tap'
import { makeKey, openKey, type SigningKey, sealSigningKeys } from '../../../src/auth/keys/key-pairs.ts'
import { createAccessTokens } from '../../../src/auth/tokens/access-tokens.ts'
import { parseJws } from '../../../src/auth/tokens/jws.ts'
import { openSecretKeys } from '../../../src/auth/tokens/secret-keys.ts'
import { createVerifier } from '../../../src/auth/tokens/verifier.ts'
import { loadConfig } from '../../../src/config/config.ts'
import { accessTokens } from '../../helpers/access-tokens.ts'
import { secret } from '../../helpers/app.ts'
import { hostileTokens } from '../../helpers/hostile-tokens.ts'
import { bridgeClaims, bridgeToken, mint, ourToken } from '../../helpers/mint.ts'

const user = {
  id: '0193aaaa-0000-7000-8000-00000000000a',
  email: 'ann@example.com',
  email_verified: true,
  role: 'user' as const
}
const session = 'd6c6f6f0-6f0c-4a3e-9a0e-0a4f3f0f6b11'
const [older, newer] = ['an-older-value-known-to-the-tests-only', 'a-newer-value-known-to-the-tests-only']

async function tokensOf(settings: Record<string, string>, clock: () => number) {
  const { issue, verify } = await accessTokens(loadConfig(settings), clock)
  return { issue, verify: (token: string) => verify(parseJws(token)) }
}

async function service(settings: Record<string, string> = { BETTER_AUTH_SECRET: secret }) {
  const time = { now: Date.parse('2026-11-20T12:00:00Z') }
  return { time, ...(await tokensOf(settings, () => time.now)) }
}
const parts = (token: string) =>
  token.split('.', 2).map((part) => JSON.parse(Buffer.from(part, 'base64url').toString()))
const refuses = (code: string, reason?: string) => ({ status: 401, code, ...(reason && { reason }) })

test('our token has the header, the claims and the lifetime of the contract', async (t) => {
  const { issue, verify, time } = await service({
    BETTER_AUTH_SECRET: secret,
    ACCESS_TOKEN_TTL: '2h',
    JWT_AUDIENCE: 'tasks'
  })
  const { access_token, expires_in } = issue(user, session)
  t.equal(expires_in, 7200)
  const iat = time.now / 1000
  const [header, claims] = parts(access_token)
  t.strictSame(header, { alg: 'HS256', typ: 'at+jwt', kid: '1' })
  const { jti, ...rest } = claims
  t.match(jti, /^[0-9a-f-]{36}$/)
  t.strictSame(rest, {
    iss: 'gatehouse',
    aud: 'tasks',
    sub: user.id,
    email: user.email,
    email_verified: true,
    role: 'user',
    sid: session,
    iat,
    exp: iat + 7200
  })
  t.ok(access_token.length < 500, `${access_token.length} characters`)
  t.match(verify(access_token), {
    issuer: null,
    subject: user.id,
    email: user.email,
    sessionId: session,
    expiresAt: iat + 7200
  })
  t.not(parts(issue(user, session).access_token)[1].jti, jti, 'no two are the same')

  time.now += 7199_000
  t.ok(verify(access_token))
  time.now += 1_000
  t.throws(() => verify(access_token), refuses('token_expired'))
})

test('the claim that the address is verified is a boolean, or missing in older tokens', async (t) => {
  const { verify } = await tokensOf({ BETTER_AUTH_SECRET: secret }, Date.now)
  for (const email_verified of [true, false, undefined]) t.ok(verify(ourToken({ email_verified })))
  for (const email_verified of ['true', 'false', 1, 0, null, [true], {}])
    t.throws(() => verify(ourToken({ email_verified })), refuses('invalid_token', 'email_verified'))
})

test('the role is one that we know, or missing in older tokens, which open nothing for admins', async (t) => {
  const { verify } = await tokensOf({ BETTER_AUTH_SECRET: secret }, Date.now)
  for (const role of ['user', undefined]) t.match(verify(ourToken({ role })), { role: 'user' })
  t.match(verify(ourToken({ role: 'admin' })), { role: 'admin' })
  for (const role of ['root', 'Admin', 'admin ', '', 1, true, null, ['admin'], { admin: true }])
    t.throws(() => verify(ourToken({ role })), refuses('invalid_token', 'role'))
})

test('rotation: tokens of every listed secret are verified, the first signs, and a removed one is refused', async (t) => {
  const before = await service({ BETTER_AUTH_SECRETS: `1:${older}` })
  const during = await service({ BETTER_AUTH_SECRETS: `2:${newer},1:${older}` })
  const after = await service({ BETTER_AUTH_SECRETS: `2:${newer}` })
  const [old, fresh] = [before.issue(user, session).access_token, during.issue(user, session).access_token]
  t.equal(parts(fresh)[0].kid, '2')
  for (const token of [old, fresh]) t.equal(during.verify(token).subject, user.id)
  t.equal(after.verify(fresh).subject, user.id)
  t.throws(() => before.verify(fresh), refuses('invalid_token', 'unknown kid'))
  t.throws(() => after.verify(old), refuses('invalid_token', 'unknown kid'))

  const claims = bridgeClaims({ iat: during.time.now / 1000, exp: during.time.now / 1000 + 900 })
  for (const key of [older, newer]) t.ok(during.verify(mint({ alg: 'HS256' }, claims, key)), 'a bridge names no key')
  t.throws(() => after.verify(mint({ alg: 'HS256' }, claims, older)), refuses('invalid_token', 'signature'))
  const crossed = mint({ alg: 'HS256', kid: '1' }, claims, newer)
  t.throws(() => during.verify(crossed), refuses('invalid_token', 'signature'), 'a key is held to its name')
})

test('changing from one secret to a list keeps users logged in', async (t) => {
  const single = await service({ BETTER_AUTH_SECRET: older })
  const token = single.issue(user, session).access_token
  for (const settings of [
    { BETTER_AUTH_SECRETS: `2:${newer},1:${older}` },
    { BETTER_AUTH_SECRETS: `2:${newer}`, BETTER_AUTH_SECRET: older }
  ])
    t.equal((await service(settings)).verify(token).subject, user.id)
  const other = await service({ BETTER_AUTH_SECRET: newer })
  t.throws(() => other.verify(token), refuses('invalid_token', 'signature'))
})

test('no hostile token is verified', async (t) => {
  const { verify } = await tokensOf({ BETTER_AUTH_SECRET: secret }, Date.now)
  for (const [name, token] of Object.entries(hostileTokens))
    t.throws(() => verify(token), refuses('invalid_token'), name)
})

test('refusing a token leaves Error.stackTraceLimit unchanged', async (t) => {
  const { verify } = await tokensOf({ BETTER_AUTH_SECRET: secret }, Date.now)
  const { stackTraceLimit } = Error
  t.teardown(() => {
    Error.stackTraceLimit = stackTraceLimit
  })
  Error.stackTraceLimit = 7
  t.throws(() => verify(ourToken().replace(/[^.]+$/, 'AAAA')), refuses('invalid_token', 'signature'))
  t.equal(Error.stackTraceLimit, 7)
})

test('a token ends with its session, in whole seconds and after one second at least', async (t) => {
  const { issue, verify, time } = await service({ BETTER_AUTH_SECRET: secret, ACCESS_TOKEN_TTL: '15m' })
  for (const [left, expiresIn] of [
    [10_000, 900],
    [60.9, 60],
    [0.5, 1],
    [-5, 1]
  ] as const) {
    const { access_token, expires_in } = issue(user, session, left)
    t.equal(expires_in, expiresIn, `${left} s left`)
    t.equal(verify(access_token).expiresAt, time.now / 1000 + expiresIn)
  }
})

test('without a secret no token can be signed', async (t) => {
  const settings = { ...loadConfig({ BETTER_AUTH_SECRET: secret }), secrets: [] }
  t.throws(() => createAccessTokens(settings, {}, Date.now), /No secret/)
})

test("a shared-secret token's user belongs to the configured Better Auth server, the only issuer it may name", async (t) => {
  const url = 'https://auth.example.com'
  const { verify } = await tokensOf({ BETTER_AUTH_SECRET: secret, BETTER_AUTH_URL: `${url}/api/auth/` }, Date.now)
  for (const claims of [{}, { iss: url }, { aud: url }, { aud: 'gatehouse' }, { iss: url, aud: url }])
    t.match(
      verify(bridgeToken(claims)),
      { issuer: url, subject: 'aB3dE6gH9jK2mN5pQ8sT1vW4xY7zA0cD' },
      JSON.stringify(claims)
    )
  for (const claims of [{ iss: `${url}/` }, { iss: 'better-auth' }, { aud: 'https://other.example.com' }])
    t.throws(() => verify(bridgeToken(claims)), refuses('invalid_token'), JSON.stringify(claims))
  t.equal(verify(ourToken()).issuer, null, 'ours stay ours')
})

test('a bridge token may live seven days, and have the type JWT and unknown claims', async (t) => {
  const { verify, time } = await service()
  const iat = time.now / 1000
  t.ok(verify(bridgeToken({ iat, exp: iat + 7 * 24 * 60 * 60 }, { typ: 'JWT' })))
  t.ok(
    verify(bridgeToken({ iat, exp: iat + 1.5, nbf: iat, user: { id: 1 }, list: [{ a: 1 }, { a: 1 }], text: '"a":{' }))
  )
  t.match(verify(bridgeToken({ iat, exp: iat + 9, email: 'Ann@EXAMPLE.com' })), { email: 'ann@example.com' })
})

test('a clock difference of a minute is accepted, a larger one is not', async (t) => {
  const { verify, time } = await service()
  const now = time.now / 1000
  t.ok(verify(bridgeToken({ iat: now + 60, exp: now + 900, nbf: now + 60 })))
  t.throws(
    () => verify(bridgeToken({ iat: now + 61, exp: now + 900 })),
    refuses('invalid_token', 'issued in the future')
  )
  t.throws(
    () => verify(bridgeToken({ iat: now, exp: now + 900, nbf: now + 61 })),
    refuses('invalid_token', 'not valid yet')
  )
})

test("times are compared with the service's clock, not with the machine's", async (t) => {
  const { issue, verify, time } = await service()
  for (const year of [2001, 2100]) {
    time.now = Date.UTC(year, 0)
    const now = time.now / 1000
    t.ok(verify(issue(user, session).access_token), `${year}`)
    t.ok(verify(bridgeToken({ iat: now, exp: now + 900, nbf: now })), `a bridge, ${year}`)
  }
})

test('any other encoding of a token is refused, even if one bit differs', async (t) => {
  const { verify } = await tokensOf({ BETTER_AUTH_SECRET: secret }, Date.now)
  const token = ourToken()
  t.ok(verify(token))
  for (let i = 0; i < token.length; i++)
    for (const bit of [1, 2, 4, 8, 16, 32, 64]) {
      const changed = token.slice(0, i) + String.fromCharCode(token.charCodeAt(i) ^ bit) + token.slice(i + 1)
      let code: unknown = 'accepted'
      try {
        verify(changed)
      } catch (error) {
        code = (error as { code: string }).code
      }
      if (code !== 'invalid_token') t.fail(`character ${i}, bit ${bit}: ${code}`)
    }
})

test('the kid of a secret may be the name of an object property, such as __proto__', async (t) => {
  for (const kid of ['__proto__', 'constructor', 'toString', '007', '10']) {
    const { issue, verify } = await service({ BETTER_AUTH_SECRETS: `${kid}:${newer},2:${older}` })
    const { access_token } = issue(user, session)
    t.equal(parts(access_token)[0].kid, kid, 'the first signs')
    t.equal(verify(access_token).subject, user.id)
  }
})

const keySealing = sealSigningKeys([{ kid: '1', secret }])
const ownKey = openKey(makeKey(session, 'ES256', keySealing), keySealing) as SigningKey

/** A service with a key of its own, and what it asks of its keys. */
function serviceWithKey() {
  const keys = { asked: [] as unknown[], isTrusted: true, acceptsSecret: true }
  const config = loadConfig({ BETTER_AUTH_SECRET: secret })
  const tokens = createAccessTokens(config, openSecretKeys(config.secrets), Date.now, {
    signer: () => ownKey,
    find(kid) {
      keys.asked.push(kid)
      return ownKey
    },
    trusts: (key) => key === ownKey && keys.isTrusted,
    acceptsSharedSecret: () => keys.acceptsSecret
  })
  return { keys, tokens }
}

test('a token signed by a key is valid only while the key is trusted', async (t) => {
  const { keys, tokens } = serviceWithKey()
  const { token, isKeyValid } = await tokens.verifyByKey(parseJws(tokens.issue(user, session).access_token))
  t.match(token, { issuer: null, subject: user.id, sessionId: session })
  t.equal(isKeyValid(), true)
  keys.isTrusted = false
  t.equal(isKeyValid(), false)
})

test('no key is looked up for a token of another algorithm or issuer, or with extensions', async (t) => {
  const { keys, tokens } = serviceWithKey()
  const [own, claims] = [{ alg: 'ES256', typ: 'at+jwt', kid: session }, bridgeClaims({ iss: 'gatehouse' })]
  for (const [header, payload] of [
    [{ ...own, alg: 'HS256' }, claims],
    [{ ...own, alg: 'none' }, claims],
    [{ ...own, alg: 'RS256' }, claims],
    [own, { ...claims, iss: 'https://auth.example.com' }],
    [own, bridgeClaims()],
    [{ ...own, crit: ['exp'] }, claims],
    [{ ...own, b64: false }, claims]
  ] as const)
    t.throws(
      () => tokens.verifyByKey(parseJws(mint(header, payload))),
      refuses('invalid_token'),
      JSON.stringify(header)
    )
  t.strictSame(keys.asked, [])
})

test('after the change to a key, our tokens under the shared secret are refused, and those of a bridge are not', async (t) => {
  const { keys, tokens } = serviceWithKey()
  const [ours, bridge] = [parseJws(ourToken()), parseJws(bridgeToken())]
  for (const jws of [ours, bridge]) t.ok(tokens.verify(jws))
  keys.acceptsSecret = false
  t.throws(() => tokens.verify(ours), refuses('invalid_token', 'shared secret'))
  t.ok(tokens.verify(bridge))
})

test('a cached token is refused once the shared secret signs no tokens of ours, and one of a bridge stays', async (t) => {
  const { keys, tokens } = serviceWithKey()
  const verify = createVerifier(tokens, new Map(), Date.now)
  const [ours, bridge] = [ourToken(), bridgeToken()]
  const [first, other] = [verify(ours), verify(bridge)]
  t.equal(verify(ours), first, 'cached')
  t.equal(verify(bridge), other, 'cached')
  keys.acceptsSecret = false
  t.throws(() => verify(ours), refuses('invalid_token', 'shared secret'))
  t.equal(verify(bridge), other)
})

test('an authentication may be a minute in the future, because clocks differ', async (t) => {
  const { verify, time } = await service()
  const now = time.now / 1000
  const by = (auth_time: number) => ourToken({ iat: now, exp: now + 900, auth_time, amr: ['pwd'] })
  t.ok(verify(by(now + 60)))
  t.throws(() => verify(by(now + 61)), refuses('invalid_token', 'authenticated in the future'))
})
