import t, { test } from 'tap'
import { bridges, claims, headers } from '../../helpers/hostile-claims.ts'
import { startIssuer } from '../../helpers/issuer.ts'
import { audience, foreignClaims, foreignToken, issuerName, pairs, signWith } from '../../helpers/keys.ts'
import { ourClaims, seconds } from '../../helpers/mint.ts'

const { trust } = await startIssuer(t)
const { verify } = trust()
const refusal = (reason: string) => ({ status: 401, code: 'invalid_token', reason })

/** What is wrong in our own tokens and not in those of others. */
const harmless = /^(typ (JWT|missing)|alg "EdDSA"|sid .*|jti .*|sub no UUID)$/
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
test('no hostile token passes because its signature is an asymmetric one', async (t) => {
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

test('audience, type, kid and life are those that were agreed', async (t) => {
  for (const aud of [
    undefined,
    null,
    '',
    [audience],
    [audience, 'x'],
    `${audience}/`,
    audience.toUpperCase(),
    'gatehouse'
  ])
    await t.rejects(verify(foreignToken({ aud })), refusal('audience'), `aud ${JSON.stringify(aud)}`)
  for (const typ of ['at+jwt', 'better-auth.session-cache+jwt', 'logout+jwt', 'jwt', '', null, 5])
    await t.rejects(verify(foreignToken({}, { typ })), refusal('type'), `typ ${JSON.stringify(typ)}`)
  for (const kid of [undefined, null, 5, ['EdDSA'], {}])
    await t.rejects(verify(foreignToken({}, { kid })), refusal('no kid'), `kid ${JSON.stringify(kid)}`)
  for (const more of [{ crit: [] }, { crit: ['exp'] }, { b64: true }])
    await t.rejects(verify(foreignToken({}, more)), refusal('crit'), JSON.stringify(more))
  const iat = seconds()
  const week = 7 * 24 * 60 * 60
  t.ok(await verify(foreignToken({ iat, exp: iat + week })))
  await t.rejects(verify(foreignToken({ iat, exp: iat + week + 86_400 })), refusal('lives longer than seven days'))
  await t.rejects(verify(foreignToken({ iat: iat - 9, exp: iat - 1 })), { code: 'token_expired' })
  await t.rejects(verify(foreignToken({ iat: iat + 99 })), refusal('issued in the future'))
})
