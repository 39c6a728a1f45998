import { test } from 'tap'
import { secret } from '../helpers/app.ts'
import { diagnose } from '../helpers/doctor.ts'
import { bridgeClaims, bridgeToken, mint, ourToken, seconds } from '../helpers/mint.ts'

const now = seconds()
const day = 86_400
const other = { alg: 'EdDSA', kid: 'k' }
const sessionToken = 'aB3dE6gH9jK2mN5pQ8sT1vW4xY7zA0cD'
const hex = '00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff'

test('a good token is accepted, with or without its scheme', async (t) => {
  for (const token of [ourToken(), bridgeToken(), `Bearer ${ourToken()}`, ` authorization: bearer ${ourToken()}\n`]) {
    const { said, refused } = await diagnose(t, token)
    t.notOk(refused)
    t.match(
      said,
      /^✓ Accepted: it is valid for user .* \("ann@example\.com"\), for (60|15) minutes more\.\n\? It could not be checked whether it was/
    )
  }
})

const refusals: Record<string, [token: string, broken: RegExp, change: RegExp]> = {
  'an opaque session token': [sessionToken, /opaque session token/, /GET \/api\/auth\/token/],
  'the token of the bearer plugin': [
    `${sessionToken}.${'A'.repeat(43)}=`,
    /signed session token.*bearer\(\)/,
    /GET \/api/
  ],
  nothing: ['', /it is empty/, /may not be set/],
  'a token in quotation marks': [`"${ourToken()}"`, /quotation marks/, /JSON\.parse/],
  'a whole answer': [`{"token":"${ourToken()}"}`, /a JSON document/, /its member token or access_token/],
  'an encrypted token': ['eyJhbGciOiJkaXIifQ..aaaa.bbbb.cccc', /encrypted \(a JWE/, /GET \/api\/auth\/token/],
  'a token in two lines': [ourToken().replace('.', '.\n'), /white space/, /one line/],
  'two segments': [ourToken().split('.', 2).join('.'), /three segments/, /copy all of it/],
  'a token changed on its way': [ourToken().replace('.', '.='), /not base64url/, /Copy all of it/],

  'another secret': [
    bridgeToken().replace(/[^.]+$/, 'A'.repeat(43)),
    /signed with another secret/,
    /uses BETTER_AUTH_SECRET/
  ],
  "Better Auth's default secret": [
    mint({ alg: 'HS256' }, bridgeClaims(), 'better-auth-secret-12345678901234567890'),
    /publishes as its default/,
    /on both sides: openssl/
  ],
  'the secret with a line end': [mint({ alg: 'HS256' }, bridgeClaims(), `${secret}\n`), /line break/, /Set the same/],
  'the secret in quotation marks': [mint({ alg: 'HS256' }, bridgeClaims(), `"${secret}"`), /in quotation marks/, /Set/],
  'a kid that we do not have': [bridgeToken({}, { kid: '7' }), /"7" is not a key of this service: "1"/, /omit kid/],
  HS512: [bridgeToken({}, { alg: 'HS512' }), /"HS512".* must use HS256/, /setProtectedHeader/],
  'no algorithm': [bridgeToken({}, { alg: 'none' }), /"none"/, /Sign it with HS256/],
  'our name under another algorithm': [ourToken({}, { alg: 'RS256' }), /"RS256".* must use HS256/, /HS256/],
  'an issuer where none is trusted': [
    mint(other, bridgeClaims({ iss: 'https://app.example.com' })),
    /"https:\/\/app\.example\.com", and this service trusts no other issuer/,
    /set BETTER_AUTH_URL/
  ],
  'no issuer': [mint(other, bridgeClaims()), /issuer \(iss\) is none/, /BETTER_AUTH_URL/],
  'an issuer in a token of the secret': [
    bridgeToken({ iss: 'https://a.example.com' }),
    /trusts no other issuer/,
    /BETTER_AUTH_URL/
  ],
  'an audience of another': [
    bridgeToken({ aud: 'shop' }),
    /"shop", and it must be exactly "gatehouse"/,
    /JWT_AUDIENCE/
  ],
  'an audience with a slash': [
    ourToken({ aud: 'gatehouse/' }),
    /"gatehouse\/", and it must be exactly "gatehouse"/,
    /final slash/
  ],
  'a list of audiences': [bridgeToken({ aud: ['gatehouse'] }), /\["gatehouse"\]/, /a text, not a list/],
  'a rule that is broken seldom': [bridgeToken({}, { crit: [] }), /rule "crit"/, /docs\/security\.md/],

  'a lifetime for a time': [bridgeToken({ exp: 3600 }), /exp is 3600: a lifetime, not a time/, /setExpirationTime/],
  'a lifetime from 1970 on': [bridgeToken({ iat: 0, exp: 3600 }), /a lifetime, not a time/, /setExpirationTime/],
  'an end before the beginning': [
    bridgeToken({ exp: now - 10 }),
    /expires \(exp\) before it was issued/,
    /must be a time/
  ],
  'exp in milliseconds': [bridgeToken({ exp: Date.now() + 900_000 }), /exp is \d{13}: that is in milli/, /in seconds/],
  'iat in milliseconds': [bridgeToken({ iat: Date.now() }), /iat is \d{13}: that is in milliseconds/, /in seconds/],
  'exp as text': [bridgeToken({ exp: String(now + 60) }), /exp is "\d+": not a time/, /a number/],
  'no exp': [bridgeToken({ exp: undefined }), /it has no exp/, /setExpirationTime/],
  'no iat': [bridgeToken({ iat: undefined }), /it has no iat/, /setIssuedAt/],
  'a clock five minutes fast': [bridgeToken({ iat: now + 300 }), /iat is [45] minutes in the future/, /NTP/],
  'not valid before tomorrow': [bridgeToken({ nbf: now + day }), /nbf is 24 hours in the future/, /NTP/],
  'nbf as text': [bridgeToken({ nbf: 'now' }), /nbf is "now": not a time/, /a number/],
  expired: [
    bridgeToken({ iat: now - 1000, exp: now - 100 }),
    /expired 1\d\d seconds ago, 15 minutes after/,
    /token_expired/
  ],
  'a life of ten days': [bridgeToken({ exp: now + 10 * day }), /lifetime is 10 days/, /'15m'/],

  'a mail link': [bridgeToken({ sub: undefined }), /like a link in a verification mail/, /of your own: Put the id/],
  'a mail link to change the address': [
    bridgeToken({ updateTo: 'a@b.c' }),
    /from a link in a mail/,
    /does not log anybody in/
  ],
  'a cookie cache': [bridgeToken({ session: {}, user: {} }), /cookie cache/, /GET \/api\/auth\/token/],
  'a cookie cache by type': [bridgeToken({}, { typ: 'better-auth.session-cache+jwt' }), /cookie cache/, /GET/],
  'a cookie cache by audience': [bridgeToken({ aud: 'better-auth:session-cache' }), /cookie cache/, /GET/],
  'a claim session': [bridgeToken({ session: 'f81d' }), /claim session/, /Omit that claim/],
  'a token that says at+jwt': [
    bridgeToken({}, { typ: 'at+jwt' }),
    /"at\+jwt"/,
    /at\+jwt is for tokens of this service/
  ],
  'two subjects': [bridgeToken({ user_id: 'eve' }), /two different subjects/, /Name one user/],
  'two emails': [
    bridgeToken({ sub: undefined, user: { id: 'ann', email: 'a@example.com' } }),
    /two different emails/,
    /Name one user/
  ],
  'a subject with blanks': [bridgeToken({ sub: 'a b' }), /"a b": it contains unprintable/, /sub: user\.id/],
  'a user_id with blanks': [bridgeToken({ sub: undefined, user_id: 'a b' }), /"a b": it contains/, /sub: user\.id/],
  'a user whose id has blanks': [
    bridgeToken({ sub: undefined, user: { id: 'a b', email: 'ann@example.com' } }),
    /a b.*: it contains unprintable/,
    /sub: user\.id/
  ],
  'another type': [bridgeToken({}, { typ: 'logout+jwt' }), /typ\) is "logout\+jwt"/, /Omit typ/],
  'our name on a token made elsewhere': [
    bridgeToken({ iss: 'gatehouse', aud: 'gatehouse' }),
    /is this service/,
    /Omit iss/
  ],
  'no subject': [bridgeToken({ sub: undefined, name: 'Ann' }), /there is no sub/, /sub: user\.id/],
  'a number as subject': [bridgeToken({ sub: 7 }), /text, not a number/, /sub: user\.id/],
  'no email': [bridgeToken({ email: undefined }), /email is none/, /definePayload/],
  'no address in email': [bridgeToken({ email: 'ann' }), /email is "ann": not a valid address/, /definePayload/]
}

for (const [name, [token, broken, change]] of Object.entries(refusals))
  test(`${name}: the doctor names the broken rule and what to change`, async (t) => {
    const { said, refused } = await diagnose(t, token)
    t.ok(refused)
    const [verdict = '', advice = '', ...more] = said.split('\n')
    t.match(verdict, /^✗ Refused \(401 (invalid_token|token_expired)\): /)
    t.match(verdict, broken)
    t.match(advice, change)
    t.strictSame(more, [''])
  })

test('a secret that the other side decodes first is recognized', async (t) => {
  for (const encoding of ['hex', 'base64'] as const) {
    const token = mint({ alg: 'HS256' }, bridgeClaims(), Buffer.from(hex, encoding))
    t.match(
      (await diagnose(t, token, { BETTER_AUTH_SECRET: hex })).said,
      /decoded from (base64|hexadecimal): the other side/
    )
  }
})

test('without a configured secret, the generated one is named by its folder', async (t) => {
  const { said } = await diagnose(t, bridgeToken(), { BETTER_AUTH_SECRET: '' })
  t.match(said, /This service uses the one generated in \/.*, because BETTER_AUTH_SECRET is not set here/)
})
