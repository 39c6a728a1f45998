import t, { test } from 'tap'
import { bridges, claims, headers } from '../../../packages/gatehouse/src/hostile/claims.ts'
import { startIssuer } from '../../helpers/issuer.ts'
import { audience, foreignClaims, foreignToken, issuerName, pairs, signWith } from '../../helpers/keys.ts'
import { bridgeToken, ourClaims, seconds } from '../../helpers/mint.ts'

const { trust } = await startIssuer(t)
const { verify } = trust()
const refusal = (reason: string) => ({ status: 401, code: 'invalid_token', reason })

/** Hostile only under our own secret, but valid for an issuer with its own keys. */
const harmless =
  /^(typ (JWT|AT\+JWT|application\/at\+jwt|missing)|alg "EdDSA"|sid .*|jti .*|auth_time .*|amr .*|role .*|sub (no UUID|a number|a UUID and SQL)|bridge sub (a number|with blanks|beyond ASCII))$/
const hostile = Object.entries({
  ...Object.fromEntries(Object.entries(headers).map(([name, change]) => [name, () => foreignToken({}, change)])),
  ...Object.fromEntries(
    Object.entries(claims).map(([name, change]) => [
      name,
      () => foreignToken({ ...ourClaims(), iss: issuerName, aud: audience, ...change })
    ])
  ),
  ...Object.fromEntries(Object.entries(bridges).map(([name, change]) => [`bridge ${name}`, () => foreignToken(change)]))
}).filter(([name]) => !harmless.test(name))
test('no hostile token passes because of an asymmetric signature', async (t) => {
  t.ok(hostile.length > 90)
  for (const [name, token] of hostile) await t.rejects(verify(token()), { status: 401, code: 'invalid_token' }, name)
  const text = JSON.stringify(foreignClaims())
  const { EdDSA } = pairs
  for (const payload of ['[]', 'null', '{}', `[${text}]`, `${text}x`, `${text.slice(0, -1)},"sub":"eve"}`])
    await t.rejects(
      verify(signWith('EdDSA', EdDSA, { alg: 'EdDSA', kid: 'EdDSA' }, payload)),
      { code: 'invalid_token' },
      payload.slice(-20)
    )
})

test('audience, type, kid and lifetime must be as configured', async (t) => {
  for (const aud of [
    undefined,
    null,
    '',
    [],
    ['x'],
    [[audience]],
    [audience, 5],
    [audience, null],
    [audience, 'better-auth:session-cache'],
    { 0: audience, length: 1 },
    `${audience}/`,
    audience.toUpperCase(),
    'gatehouse'
  ])
    await t.rejects(verify(foreignToken({ aud })), refusal('audience'), `aud ${JSON.stringify(aud)}`)
  for (const typ of [
    'better-auth.session-cache+jwt',
    'logout+jwt',
    'dpop+jwt',
    'application/',
    'text/jwt',
    '',
    null,
    5
  ])
    await t.rejects(verify(foreignToken({}, { typ })), refusal('type'), `typ ${JSON.stringify(typ)}`)
  for (const kid of [undefined, null, 5, ['EdDSA'], {}])
    await t.rejects(verify(foreignToken({}, { kid })), refusal('no kid'), `kid ${JSON.stringify(kid)}`)
  for (const more of [{ crit: [] }, { crit: ['exp'] }, { b64: true }])
    await t.rejects(verify(foreignToken({}, more)), refusal('crit'), JSON.stringify(more))
  const iat = seconds()
  const week = 7 * 24 * 60 * 60
  t.ok(await verify(foreignToken({ iat, exp: iat + week })))
  await t.rejects(verify(foreignToken({ iat, exp: iat + week + 86_400 })), refusal('lives longer than seven days'))
  await t.rejects(verify(foreignToken({ iat: iat - 900, exp: iat - 600 })), { code: 'token_expired' })
  await t.rejects(verify(foreignToken({ iat: iat + 99 })), refusal('issued in the future'))
})

test('tokens that RFC 9068, RFC 7519 and OpenID Connect allow are accepted', async (t) => {
  for (const typ of ['at+jwt', 'AT+JWT', 'application/at+jwt', 'Application/AT+JWT', 'jwt', 'JWT', 'application/jwt'])
    t.ok(await verify(foreignToken({}, { typ })), `typ ${typ}`)
  for (const aud of [[audience], ['account', audience], [audience, audience]])
    t.ok(await verify(foreignToken({ aud })), `aud ${JSON.stringify(aud)}`)
  const subjects: [unknown, string][] = [
    [1, '1'],
    [0, '0'],
    [Number.MAX_SAFE_INTEGER, '9007199254740991'],
    ...['auth0|5f7c', 'CN=Ann Smith,O=Example', 'a b', 'Jürgen', '王芳', '😀', 'x'.repeat(255), '0193'].map(
      (subject): [unknown, string] => [subject, subject]
    )
  ]
  for (const [sub, subject] of subjects)
    t.match(await verify(foreignToken({ sub })), { issuer: issuerName, subject }, `sub ${JSON.stringify(sub)}`)
  const other = { session: 'f81d', user: { role: 'x' }, azp: 'web', session_state: 'x', sid: 's' }
  t.match(
    await verify(foreignToken(other)),
    { issuer: issuerName, sessionId: undefined },
    'claims that mean nothing here'
  )
  t.ok(await verify(foreignToken({ session: { id: 'x' } })), 'a session alone is no cookie cache')
  t.match(await verify(foreignToken({ sub: 7, user_id: 7 })), { subject: '7' })
})

test('a subject must be exact text or an exact number', async (t) => {
  const subjects = [1.5, 2 ** 53, 1e21, true, null, {}, ['1'], '', 'x'.repeat(256)]
  const texts = ['a\0b', 'a\nb', '\u007f', 'a\u200bb', '\u202eb', 'a\u2028b', '\ud800', '\ue000', '\u00ad']
  for (const sub of [...subjects, ...texts])
    await t.rejects(
      verify(foreignToken({ sub })),
      { status: 401, code: 'invalid_token' },
      Buffer.from(String(sub)).toString('hex')
    )
  for (const user_id of ['8', 8, ['7'], null])
    await t.rejects(verify(foreignToken({ sub: 7, user_id })), refusal('two subjects'))
})

test('the type of our own tokens does not make a token ours, neither under another key nor under the shared secret', async (t) => {
  const ours = ourClaims()
  const claims = { ...ours, aud: ['gatehouse', audience] }
  const alg = { alg: 'EdDSA', kid: 'EdDSA', typ: 'at+jwt' }
  await t.rejects(verify(signWith('EdDSA', pairs.EdDSA, alg, ours)), refusal('unknown kid'))
  await t.rejects(verify(signWith('EdDSA', pairs.EdDSA, { ...alg, kid: '1' }, claims)), refusal('unknown kid'))
  const theirs = await verify(signWith('EdDSA', pairs.EdDSA, alg, { ...claims, iss: issuerName }))
  t.match(theirs, { issuer: issuerName, sessionId: undefined })
  for (const typ of ['at+jwt', 'application/at+jwt', 'AT+JWT'])
    for (const iss of [undefined, issuerName, 'better-auth'])
      await t.rejects(verify(bridgeToken({ iss }, { typ })), { code: 'invalid_token' })
})
