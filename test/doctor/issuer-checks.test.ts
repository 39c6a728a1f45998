import t, { test } from 'tap'
import { loadConfig } from '../../src/config/config.ts'
import { checkIssuer } from '../../src/doctor/surroundings.ts'
import { secret } from '../helpers/app.ts'
import { diagnose, jwk, keyToken, publish } from '../helpers/doctor.ts'
import { bridgeToken } from '../helpers/mint.ts'

const url = await publish(t, { keys: [jwk, { ...jwk, kid: 'second', crv: 'Ed448' }] })
const empty = await publish(t, { keys: [{ ...jwk, d: 'AAAA' }] })
const page = await publish(t, 'Welcome')
const huge = await publish(t, { keys: [jwk], more: 'x'.repeat(65_536) })
const down = 'http://localhost:65535'

const check = async (BETTER_AUTH_URL: string) => {
  const { issuers } = loadConfig({ BETTER_AUTH_SECRET: secret, BETTER_AUTH_URL })
  const [finding] = await Promise.all(issuers.map(checkIssuer))
  return finding
}

test('a token signed by the published key is accepted', async (t) => {
  const { said, refused } = await diagnose(t, keyToken(url), { BETTER_AUTH_URL: url })
  t.notOk(refused)
  t.match(said, `of "${url}" ("ann@example.com"), for 15 minutes more.`)
})

test('tokens that RFC 9068 and OpenID Connect allow are accepted, as by the service', async (t) => {
  const claims = { aud: [url, 'account'], sub: 7, session: 'f81d' }
  const { said, refused } = await diagnose(t, keyToken(url, claims, { typ: 'at+jwt' }), { BETTER_AUTH_URL: url })
  t.notOk(refused)
  t.match(said, `user "7" of "${url}"`)
})

const refusals: Record<string, [token: string, said: RegExp]> = {
  'a list without our audience': [
    keyToken(url, { aud: ['shop'] }),
    /\["shop"\].*\n.*Add the audience of this service to the list/
  ],
  'a session cache': [keyToken(url, { aud: [url, 'better-auth:session-cache'] }), /cookie cache/],
  'a session cache by its claims': [keyToken(url, { session: {}, user: {} }), /cookie cache/],
  'another type': [keyToken(url, {}, { typ: 'logout+jwt' }), /"logout\+jwt"\.\n.*JWT or at\+jwt/],
  'no subject': [keyToken(url, { sub: undefined }), /there is no sub \(text, or a whole number\)/],
  'a subject that cannot be printed': [keyToken(url, { sub: 'a\u200bb' }), /unprintable/],
  'an unknown kid': [
    keyToken(url, {}, { kid: 'third' }),
    /\(kid\) "third" is not one of the keys at .*jwks.*\n.*new token/
  ],
  'no kid': [keyToken(url, {}, { kid: undefined }), /which key it was signed with \(kid\)/],
  'an audience with a slash': [
    keyToken(url, { aud: `${url}/` }),
    /must be exactly .*\.\n {2}They differ in the scheme or in a final slash/
  ],
  'an audience of another': [keyToken(url, { aud: 'shop' }), /"shop".*\n.*correct the audience in TRUSTED_ISSUERS/],
  'another algorithm than that of the key': [keyToken(url, {}, { alg: 'ES256' }), /"ES256"; .*\n.*keyPairConfig/],
  'another signature': [`${keyToken(url).replace(/[^.]+$/, '')}${'A'.repeat(86)}`, /not made by the key "first" of/],
  'an issuer spelled otherwise': [
    keyToken(`${url}/`),
    /iss\) is ".*\/", and this service trusts ".*"\.\n.*must be identical/
  ],
  'an issuer by its other name': [keyToken(url.replace('localhost', '127.0.0.1')), /must be identical/],
  'an issuer that is not trusted': [
    keyToken('https://b.example.com'),
    /this service trusts "http.*\n.*BETTER_AUTH_URL/
  ],
  'an audience of another by the secret': [
    bridgeToken({ aud: 'shop' }),
    /must be exactly "gatehouse" or "http:\/\/localhost:\d+"/
  ]
}

for (const [name, [token, expected]] of Object.entries(refusals))
  test(`${name}: the doctor names the broken rule and what to change`, async (t) => {
    const { said, refused } = await diagnose(t, token, { BETTER_AUTH_URL: url })
    t.ok(refused)
    t.match(said, expected)
  })

test('an unreachable issuer is reported with the reason', async (t) => {
  const { said, refused } = await diagnose(t, keyToken(down), { BETTER_AUTH_URL: down })
  t.ok(refused)
  t.match(
    said,
    /^✗ Unknown: .*503 unavailable.*\n✗ Issuer http:\/\/localhost:65535: no keys from .*ECONNREFUSED.*\n.*jwt\(\)/
  )
})

test('usable and refused keys of an issuer are listed', async (t) => {
  t.match(await check(url), {
    ok: true,
    text: /: 1 usable of 2 keys at .*: "first" for EdDSA; "second" refused, because it is for no single one of/
  })
  const none = await check(empty)
  t.match(none, { ok: false, text: /: 0 usable of 1 keys .* private/, advice: /publish a key with a kid/ })
  t.match(await check(page), { ok: false, text: /JSON Web Key Set malformed/, advice: /Check that the server runs/ })
  t.match(await check(huge), { ok: false, text: /: no keys from .*: .*it is larger than 65536 bytes/ })
})
