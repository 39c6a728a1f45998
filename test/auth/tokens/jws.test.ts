import { test } from 'tap'
import { parseJws } from '../../../src/auth/tokens/jws.ts'

const maxTokenLength = 12 * 1024

const encode = (text: string) => Buffer.from(text).toString('base64url')
const [header, signature] = [encode('{"alg":"HS256"}'), encode('signature')]
const withClaims = (json: string) => parseJws(`${header}.${encode(json)}.${signature}`)
const invalid = { code: 'invalid_token', status: 401 }

test('a JWS is parsed into header, claims, signature and signed text', async (t) => {
  const jws = withClaims('{"sub":"ann"}')
  t.strictSame({ ...jws.header }, { alg: 'HS256' })
  t.strictSame(jws.claims, { sub: 'ann' })
  t.equal(jws.signature.toString(), 'signature')
  t.equal(jws.signed, `${header}.${encode('{"sub":"ann"}')}`)
  t.equal(jws.text, `${jws.signed}.${signature}`)
})

test('tokens with the same header share one parsed, frozen header', async (t) => {
  const [one, other] = [withClaims('{"a":1}'), withClaims('{"a":2}')]
  t.equal(one.header, other.header)
  t.ok(Object.isFrozen(one.header))
  t.not(parseJws(`${encode('{"alg":"none"}')}.e30.${signature}`).header, one.header)
})

test('the first token of a process is parsed as any other', async (t) => {
  const again = '../../../src/auth/tokens/jws.ts?first'
  const { parseJws: parseFirst }: { parseJws: typeof parseJws } = await import(again)
  t.strictSame(parseFirst(`${header}.e30.${signature}`).claims, {})
})

test('a token has three segments of base64url in its only spelling', async (t) => {
  const payload = encode('{}')
  for (const segments of [
    [header, payload, signature, ''],
    [header, payload, signature, signature],
    [header, payload],
    [header, payload, ''],
    [header, payload, 'AB'], // its last two bits are set
    [header, payload, 'A'],
    [header, payload, `${signature}=`],
    [header, payload, `${signature} `],
    [`${header}=`, payload, signature],
    ['', payload, signature]
  ])
    t.throws(() => parseJws(segments.join('.')), invalid, segments.join('.'))
  for (const other of ['', `${payload}=`, ` ${payload}`, `${payload}!`])
    t.throws(() => parseJws([header, other, signature].join('.')).claims, invalid, `claims ${other}`)
})

test('a token of 12 KiB is read, one character more is not', async (t) => {
  const long = (header: string) => `${encode(header)}.e30.${'A'.repeat(maxTokenLength - 8)}`
  t.equal(long('{}').length, maxTokenLength)
  t.strictSame(parseJws(long('{}')).claims, {})
  t.equal(long('{ }').length, maxTokenLength + 1)
  t.throws(() => parseJws(long('{ }')), invalid)
})

test('claims are one JSON object in UTF-8', async (t) => {
  for (const json of ['1', '"text"', 'true', 'null', '[]', '', '{', '{}{}'])
    t.throws(() => withClaims(json).claims, invalid, json)
  const broken = Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]).toString('base64url')
  t.throws(() => parseJws(`${header}.${broken}.${signature}`).claims, invalid, 'not UTF-8')
})

test('a name twice in one object is refused, the same name in two objects is not', async (t) => {
  for (const json of ['{"a":1,"a":1}', '{"a":"}","a":1}', '{"x":"{","a":1,"a":2}', '{"x":{"b":1,"\\u0062" :2}}'])
    t.throws(() => withClaims(json).claims, invalid, json)
  for (const json of ['{"x":{"a":1},"a":2}', '{"a":{"a":{"a":1}}}', '[{"a":1},{"a":2}]', '{"a":"a","b":"a"}'])
    t.strictSame(withClaims(`{"outer":${json}}`).claims, { outer: JSON.parse(json) }, json)
})
