import { seconds } from './mint.ts'

type Changes = Record<string, Record<string, unknown>>

const now = seconds()
const week = 7 * 24 * 60 * 60

/** Rightly signed, with a header that must not be followed or believed. */
export const headers: Changes = {
  ...Object.fromEntries(
    ['none', 'None', 'NONE', 'nOnE', 'hs256', 'HS384', 'HS512', 'RS256', 'ES256', 'PS256', 'EdDSA', 'HS256 ', ''].map(
      (alg) => [`alg ${JSON.stringify(alg)}`, { alg }]
    )
  ),
  'alg a list': { alg: ['HS256'] },
  'alg a number': { alg: 256 },
  'alg null': { alg: null },
  'alg missing': { alg: undefined },
  'typ JWT': { typ: 'JWT' },
  'typ AT+JWT': { typ: 'AT+JWT' },
  'typ application/at+jwt': { typ: 'application/at+jwt' },
  'typ a list': { typ: ['at+jwt'] },
  'typ null': { typ: null },
  'typ a number': { typ: 1 },
  'typ missing': { typ: undefined },
  'typ refresh': { typ: 'refresh+jwt' },
  'crit null': { crit: null },
  'crit false': { crit: false },
  'crit empty text': { crit: '' },
  'crit empty list': { crit: [] },
  'crit exp': { crit: ['exp'] },
  'crit b64': { crit: ['b64'], b64: false },
  'b64 false': { b64: false },
  'kid unknown': { kid: '9' },
  'kid empty': { kid: '' },
  'kid null': { kid: null },
  'kid a number': { kid: 1 },
  'kid a list': { kid: ['1'] },
  'kid a path': { kid: '../../../../dev/null' },
  'kid SQL': { kid: "1' union select 'key" },
  'kid constructor': { kid: 'constructor' },
  'kid __proto__': { kid: '__proto__' }
}

/** One of ours, rightly signed, with one claim wrong. */
export const claims: Changes = {
  'exp as text': { exp: String(now + 60) },
  'exp null': { exp: null },
  'exp negative': { exp: -1 },
  'exp a list': { exp: [now + 60] },
  'exp true': { exp: true },
  'exp an object': { exp: {} },
  'exp missing': { exp: undefined },
  'exp after the year 9999': { exp: 253_402_300_800 },
  'exp equal to iat': { iat: now, exp: now },
  'exp before iat': { iat: now, exp: now - 1 },
  'iat missing': { iat: undefined },
  'iat as text': { iat: String(now) },
  'iat negative': { iat: -1 },
  'iat in the future': { iat: now + 1800 },
  'nbf in the future': { nbf: now + 1800 },
  'nbf as text': { nbf: '0' },
  'nbf null': { nbf: null },
  'sub missing': { sub: undefined },
  'sub empty': { sub: '' },
  'sub a number': { sub: 1 },
  'sub a list': { sub: ['0193aaaa-0000-7000-8000-00000000000a'] },
  'sub no UUID': { sub: 'ann' },
  'sub a UUID and SQL': { sub: "0193aaaa-0000-7000-8000-00000000000a' or true" },
  'sub with line end': { sub: '0193aaaa-0000-7000-8000-00000000000a\n' },
  'sid missing': { sid: undefined },
  'sid no UUID': { sid: 'session' },
  'jti missing': { jti: undefined },
  'jti a number': { jti: 1 },
  'email missing': { email: undefined },
  'email a number': { email: 5 },
  'email no address': { email: 'ann' },
  'email with a lone surrogate': { email: 'a\udfff@example.com' },
  'email an object': { email: { address: 'ann@example.com' } },
  'iss of another': { iss: 'https://evil.example.com' },
  'iss a list': { iss: ['gatehouse'] },
  'iss null': { iss: null },
  'iss with a slash': { iss: 'gatehouse/' },
  'iss missing': { iss: undefined },
  'aud of another': { aud: 'another' },
  'aud a list': { aud: ['gatehouse'] },
  'aud missing': { aud: undefined },
  'claims of a bridge': { iss: undefined, aud: undefined, sid: undefined, jti: undefined }
}

/** Signed with the shared secret, elsewhere, and no login; or a login that breaks the rules. */
export const bridges: Changes = {
  'mail link to verify': { sub: undefined },
  'mail link to change the email': { sub: undefined, updateTo: 'eve@example.com' },
  'mail link of a kind': { sub: undefined, requestType: 'change-email-verification' },
  'mail link with a subject': { requestType: 'change-email-confirmation' },
  'mail link with updateTo null': { updateTo: null },
  'mail link with userId': { sub: undefined, userId: 'aB3dE6gH9jK2mN5pQ8sT1vW4xY7zA0cD' },
  'cookie cache': { sub: undefined, session: { id: 'x' }, user: { id: 'x', email: 'ann@example.com' } },
  'cookie cache with a subject': { session: { id: 'x' }, user: { id: 'x' } },
  'session cache audience': { aud: 'better-auth:session-cache' },
  'aud a list': { aud: ['gatehouse'] },
  'aud null': { aud: null },
  'living eight days': { exp: now + week + 24 * 60 * 60 },
  'living a second over a week': { iat: now, exp: now + week + 1 },
  'two subjects': { user_id: 'another' },
  'user_id a number': { sub: undefined, user_id: 7 },
  'sub null beside user_id': { sub: null, user_id: 'aB3dE6gH9jK2mN5pQ8sT1vW4xY7zA0cD' },
  'sub a number': { sub: 7 },
  'sub empty': { sub: '' },
  'sub with blanks': { sub: 'a b' },
  'sub with U+0000': { sub: 'a\0b' },
  'sub beyond ASCII': { sub: 'ünn' },
  'sub too long': { sub: 'x'.repeat(256) },
  'email with a lone surrogate': { email: 'a\ud800@example.com' },
  'email with U+0000': { email: 'a\0@example.com' },
  'email with a line end': { email: 'ann@example.com\n' },
  'email without @': { email: 'ann' },
  'email empty': { email: '' },
  'email too long': { email: `${'x'.repeat(250)}@example.com` },
  'email longer in lower case': { email: `${'İ'.repeat(200)}@example.com` },
  'email missing': { email: undefined },
  'email a list': { email: ['ann@example.com'] },
  'iss of another': { iss: 'https://evil.example.com' },
  'iss empty': { iss: '' },
  'iat missing': { iat: undefined },
  'exp missing': { exp: undefined }
}
