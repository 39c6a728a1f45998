import { test } from 'tap'
import { authenticationClaims, issuedToken, textClaim, timeClaim } from '../../../src/auth/tokens/claims.ts'
import type { Jws } from '../../../src/auth/tokens/jws.ts'

const invalid = { code: 'invalid_token', status: 401 }
const good = { sub: 'ann', email: 'ann@example.com', iat: 1_000, exp: 2_000 }
const read = (claims: Record<string, unknown>, header: Record<string, unknown> = {}) =>
  issuedToken({ header, claims: { ...good, ...claims } } as unknown as Jws, 'issuer')

test('a time claim is a number from 1970 to the end of the year 9999', async (t) => {
  const end = Date.UTC(10_000, 0) / 1000 - 1
  for (const value of [0, 1, 1_700_000_000.5, end]) t.equal(timeClaim({ exp: value }, 'exp'), value)
  for (const value of [-1, -0.001, end + 1, Number.NaN, Number.POSITIVE_INFINITY, '5', null, undefined, true, [5]])
    t.throws(() => timeClaim({ exp: value }, 'exp'), invalid, `${value}`)
})

test('a text claim has 1 to 255 characters', async (t) => {
  for (const value of ['a', ' ', 'x'.repeat(255)]) t.equal(textClaim({ sub: value }, 'sub'), value)
  for (const value of ['', 'x'.repeat(256), 5, null, undefined, ['a']])
    t.throws(() => textClaim({ sub: value }, 'sub'), invalid, JSON.stringify(value))
})

test('auth_time and amr may both be missing, and a malformed amr is refused', async (t) => {
  t.strictSame(authenticationClaims({}), { authTime: undefined, amr: [] })
  const methods = [[], ['pwd'], ['otp', 'mfa'], Array(10).fill('a'), ['x'.repeat(10)]]
  for (const amr of methods) t.strictSame(authenticationClaims({ auth_time: 5, amr }), { authTime: 5, amr })
  for (const amr of [[null], [['pwd']], [true], [5], [''], ['PWD'], ['x'.repeat(11)], Array(11).fill('a'), 'pwd', null])
    t.throws(() => authenticationClaims({ auth_time: 5, amr }), invalid, JSON.stringify(amr))
})

test('an invalid name claim counts as missing', async (t) => {
  for (const name of ['Ann', ' Ann', 'x'.repeat(100), 'Ann O’Neil 🙂']) t.equal(read({ name }).name, name)
  for (const name of [
    '',
    ' ',
    'x'.repeat(101),
    `${'x'.repeat(100)}\0`,
    '\0Ann',
    'Ann\0',
    'Ann\ud800',
    5,
    null,
    ['Ann']
  ])
    t.equal(read({ name }).name, undefined, JSON.stringify(name))
})

test('email_verified, or else emailVerified, counts only as a boolean', async (t) => {
  for (const value of [true, false])
    for (const name of ['email_verified', 'emailVerified']) t.equal(read({ [name]: value }).emailVerified, value)
  t.equal(read({ email_verified: false, emailVerified: true }).emailVerified, false)
  t.equal(read({ email_verified: 'true', emailVerified: true }).emailVerified, undefined)
  for (const value of ['true', 1, null, undefined, [true], { true: true }])
    for (const name of ['email_verified', 'emailVerified'])
      t.equal(read({ [name]: value }).emailVerified, undefined, JSON.stringify(value))
})

test('the typ header is JWT or at+jwt, in any case and with or without application/', async (t) => {
  for (const typ of [undefined, 'JWT', 'jwt', 'application/jwt', 'at+jwt', 'Application/AT+JWT'])
    t.equal(read({}, typ === undefined ? {} : { typ }).subject, 'ann', String(typ))
  for (const typ of ['', 'jwapplication/t', 'application/', 'jwt;', 'dpop+jwt', 5, null, ['JWT']])
    t.throws(() => read({}, { typ }), invalid, JSON.stringify(typ))
})

test('without sub, the user is named by user_id, and both must agree', async (t) => {
  const { sub, ...nameless } = good
  const by = (claims: object) => issuedToken({ header: {}, claims: { ...nameless, ...claims } } as unknown as Jws, 'i')
  t.equal(by({ user_id: 'ben' }).subject, 'ben')
  t.throws(() => by({}), invalid)
  t.throws(() => by({ sub, user_id: 'ben' }), invalid)
})

test('a token of another issuer lives for seven days at most', async (t) => {
  const week = 7 * 24 * 3600
  t.equal(read({ exp: good.iat + week }).expiresAt, good.iat + week)
  t.throws(() => read({ exp: good.iat + week + 1 }), invalid)
})
