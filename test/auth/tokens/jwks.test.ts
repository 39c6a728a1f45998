import { generateKeyPairSync } from 'node:crypto'
import { test } from 'tap'
import { type Algorithm, algorithms, parseKeySet } from '../../../src/auth/tokens/jwks.ts'
import { pairs, published } from '../../helpers/keys.ts'

const all = Object.keys(algorithms) as Algorithm[]

/** Returns the accepted keys, and the reasons for refusing the others. */
function parse(keys: unknown[], allowed: readonly Algorithm[] = all) {
  const refused: string[][] = []
  const found = parseKeySet({ keys }, allowed, (...refusal) => refused.push(refusal))
  return { taken: [...found].map(([kid, { algorithm }]) => [kid, algorithm]), refused }
}
const { EdDSA, ES256, RS256 } = pairs
const rsa = published(RS256, 'x', { alg: 'RS256' })
const short = generateKeyPairSync('rsa', { modulusLength: 1024 })
const bits2047 = generateKeyPairSync('rsa', { modulusLength: 2047 })
const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' })
const ed448 = generateKeyPairSync('ed448')
const x25519 = generateKeyPairSync('x25519')

test('a key is accepted for the algorithm that it names, or the only one for its type', async (t) => {
  for (const name of all) {
    t.strictSame(parse([published(pairs[name], 'a', { alg: name })]).taken, [['a', name]])
    t.strictSame(parse([published(pairs[name], 'a')], [name]).taken, [['a', name]], `${name}, unsaid`)
  }
  t.strictSame(parse([{ ...rsa, e: 'Aw' }]).taken, [['x', 'RS256']], 'the smallest RSA exponent, 3')
  const more = { use: 'sig', key_ops: ['verify'], x5c: ['MII'], x5t: 'x', exp: 1, more: { d: 1 } }
  t.strictSame(parse([published(EdDSA, 'a', more)]).taken, [['a', 'EdDSA']], 'with members that say nothing against it')
})

const refusals: [string, unknown, RegExp][] = [
  ['RSA of 1024 bits', published(short, 'x', { alg: 'RS256' }), /1024 bits is too short/],
  ['RSA of 2047 bits', published(bits2047, 'x', { alg: 'PS256' }), /2047 bits is too short/],
  ['RSA with e = 1', { ...rsa, e: 'AQ' }, /exponent/],
  ['RSA with e = 0', { ...rsa, e: 'AA' }, /./],
  ['RSA with e = 2', { ...rsa, e: 'Ag' }, /./],
  ['RSA without a modulus', { ...rsa, n: undefined }, /./],
  ['RSA for two algorithms', { ...rsa, alg: undefined }, /no single one/],
  ['RSA for an algorithm that is not allowed', { ...rsa, alg: 'RS512' }, /no single one/],
  ['RSA that says ES256', { ...rsa, alg: 'ES256' }, /no single one/],
  ['alg a list', { ...rsa, alg: ['RS256'] }, /no single one/],
  ['alg null', { ...rsa, alg: null }, /no single one/],
  ['a private RSA key', { ...RS256.privateKey.export({ format: 'jwk' }), kid: 'x', alg: 'RS256' }, /private/],
  ['a private EC key', { ...ES256.privateKey.export({ format: 'jwk' }), kid: 'x' }, /private/],
  ['a private Ed25519 key', { ...EdDSA.privateKey.export({ format: 'jwk' }), kid: 'x' }, /private/],
  ['a symmetric key', { kty: 'oct', k: 'c2VjcmV0', alg: 'HS256', kid: 'x' }, /symmetric/],
  ['a symmetric key without the key', { kty: 'oct', alg: 'HS256', kid: 'x' }, /no single one/],
  ['a public key with a secret beside', { ...rsa, k: 'c2VjcmV0' }, /symmetric/],
  ['for encryption', { ...rsa, use: 'enc' }, /not for signatures/],
  ['use null', { ...rsa, use: null }, /not for signatures/],
  ['for signing alone', { ...rsa, key_ops: ['sign'] }, /not for verifying/],
  ['key_ops empty', { ...rsa, key_ops: [] }, /not for verifying/],
  ['key_ops a text', { ...rsa, key_ops: 'verify' }, /not for verifying/],
  ['P-384', published(p384, 'x'), /no single one/],
  ['Ed448', published(ed448, 'x'), /no single one/],
  ['X25519', published(x25519, 'x'), /no single one/],
  ['a point off the curve', { ...published(ES256, 'x'), y: Buffer.alloc(32, 7).toString('base64url') }, /./],
  ['half a point', { ...published(ES256, 'x'), y: undefined }, /./],
  ['an Ed25519 key of 31 bytes', { ...published(EdDSA, 'x'), x: Buffer.alloc(31, 1).toString('base64url') }, /./],
  ['kty missing', { ...rsa, kty: undefined }, /no single one/],
  ['kty __proto__', { ...rsa, kty: '__proto__' }, /no single one/],
  ['kid missing', { ...rsa, kid: undefined }, /no kid/],
  ['kid empty', { ...rsa, kid: '' }, /no kid/],
  ['kid a number', { ...rsa, kid: 1 }, /no kid/],
  ['null', null, /no kid/],
  ['a text', 'key', /no kid/],
  ['a list', [rsa], /no kid/]
]
test('an unacceptable key is omitted with a reason, and the others stay', async (t) => {
  const good = published(EdDSA, 'good')
  for (const [name, key, reason] of refusals) {
    const { taken, refused } = parse([good, key])
    t.strictSame(taken, [['good', 'EdDSA']], name)
    t.equal(refused.length, 1, name)
    t.match(refused[0]?.[1], reason, name)
  }
  const notAllowed = parse([rsa], ['EdDSA', 'ES256'])
  t.strictSame(notAllowed, { taken: [], refused: [['x', 'it is for no single one of EdDSA, ES256']] })
})

test('keys that share a kid are all refused, even if one of them is unacceptable', async (t) => {
  const [one, two, third] = [published(EdDSA, 'x'), published(ES256, 'x'), published(pairs.ES512, 'x')]
  const broken = { ...rsa, e: 'AQ' }
  for (const keys of [
    [one, two],
    [one, one],
    [one, two, third],
    [broken, one],
    [one, broken]
  ]) {
    const { taken, refused } = parse([...keys, published(EdDSA, 'good')])
    t.strictSame(taken, [['good', 'EdDSA']])
    t.match(refused.at(-1), ['x', /two of its kid/])
  }
})

test('a set of more than 100 keys, or without a list of keys, is refused', async (t) => {
  const key = published(EdDSA, 'x')
  const many = (count: number) => Array.from({ length: count }, (_, i) => ({ ...key, kid: `k${i}` }))
  t.equal(parse(many(100)).taken.length, 100)
  t.throws(() => parse(many(101)), /more than 100 keys/)
  for (const text of ['{}', '[]', 'null', '1', '"keys"', '{"keys":{}}', '{"keys":null}', JSON.stringify(key)])
    t.throws(() => parseKeySet(JSON.parse(text), all, () => {}), /not a JWK Set/, text)
  t.strictSame(parse([]), { taken: [], refused: [] })
})

test('a long kid is shortened in the log', async (t) => {
  const { refused } = parse([{ ...rsa, kid: 'x'.repeat(9_000), use: 'enc' }])
  t.equal(refused[0]?.[0]?.length, 100)
})
