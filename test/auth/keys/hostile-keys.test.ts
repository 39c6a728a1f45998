import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { test } from 'tap'
import { claims as hostileClaims, headers as hostileHeaders } from '../../../packages/gatehouse/src/hostile/claims.ts'
import { makeKey, type SigningAlgorithm, type SigningKey, sealSigningKeys } from '../../../src/auth/keys/key-pairs.ts'
import { caller } from '../../helpers/app.ts'
import { ourClaims, segment, signText } from '../../helpers/mint.ts'
import { countQueries } from '../../helpers/queries.ts'
import { refused } from '../../helpers/refused.ts'
import { privateKeyOf, signPart, startSigning } from '../../helpers/signing.ts'

type Part = Record<string, unknown>

const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n
const orderOfEd25519 = 2n ** 252n + 27742317777372353535851937790883648493n
const ed448 = generateKeyPairSync('ed448')
const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' })
const others: Record<SigningAlgorithm, { publicKey: KeyObject; privateKey: KeyObject }> = {
  EdDSA: generateKeyPairSync('ed25519'),
  ES256: generateKeyPairSync('ec', { namedCurve: 'P-256' })
}

function signed(header: Part, claims: Part, key: KeyObject, hash: string | null) {
  const text = `${segment(header)}.${segment(claims)}`
  return `${text}.${sign(hash, Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`
}

/** Tokens that a service which signs with this key must refuse, by name. */
function hostile(algorithm: SigningAlgorithm, key: SigningKey, otherKid: string): Record<string, string> {
  const { kid, jwk } = key
  const header = { alg: algorithm, typ: 'at+jwt', kid }
  const hash = algorithm === 'EdDSA' ? null : 'sha256'
  const stranger = others[algorithm]
  const strange = (changes: Part = {}) => signed({ ...header, ...changes }, ourClaims(), stranger.privateKey, hash)
  const theirs = { ...stranger.publicKey.export({ format: 'jwk' }), kid, alg: algorithm, use: 'sig' }
  const good = key.sign(ourClaims())
  const [head = '', payload = '', signature = ''] = good.split('.')
  const bytes = Buffer.from(signature, 'base64url')
  const withSignature = (changed: Buffer | string) => `${head}.${payload}.${Buffer.from(changed).toString('base64url')}`
  const pem = String(others[algorithm].publicKey.export({ type: 'spki', format: 'pem' }))
  const publicTexts = {
    'the JWK': JSON.stringify(jwk),
    x: String(jwk.x),
    'the JWK Set': JSON.stringify({ keys: [jwk] }),
    pem
  }
  const hmac = Object.entries(publicTexts).flatMap(([name, text]) =>
    ['HS256', 'HS384', 'HS512', algorithm].map((alg) => [
      `${alg}, HMAC by ${name}`,
      signText(
        `${segment({ ...header, alg })}.${segment(ourClaims())}`,
        text,
        `sha${alg.slice(-3).replace('DSA', '256')}`
      )
    ])
  )
  const headers: Record<string, Part> = {
    'a key in the header': { jwk: theirs },
    'a key URL': { jku: 'https://evil.example.com/jwks.json', jwk: theirs },
    'a certificate URL': { x5u: 'https://evil.example.com/x5u' },
    'a certificate': { x5c: ['MIIB'] },
    'kid a path': { kid: '../../../../dev/null' },
    'kid a file': { kid: '/proc/sys/kernel/randomize_va_space' },
    'kid SQL': { kid: `${kid}' or true --` },
    'kid of the shared secret': { kid: '1' },
    'kid of another key': { kid: otherKid },
    'kid unknown': { kid: crypto.randomUUID() },
    'kid in upper case': { kid: kid.toUpperCase() },
    'kid a list': { kid: [kid] },
    'no kid': { kid: undefined }
  }
  const s = BigInt(
    `0x${(algorithm === 'EdDSA' ? Buffer.from(bytes.subarray(32)).reverse() : bytes.subarray(32)).toString('hex')}`
  )
  const encode = (value: bigint) => {
    const text = Buffer.from(value.toString(16).padStart(64, '0'), 'hex')
    return algorithm === 'EdDSA' ? text.reverse() : text
  }
  const malleable = algorithm === 'EdDSA' ? s + orderOfEd25519 : order - s
  const other = algorithm === 'EdDSA' ? 'ES256' : 'EdDSA'
  const wrong: Record<string, Part> = Object.fromEntries(
    [
      'none',
      'None',
      'NONE',
      '',
      other,
      algorithm.toLowerCase(),
      'Ed25519',
      'Ed448',
      'ES384',
      'ES256K',
      'RS256',
      'HS256'
    ].map((alg) => [`alg ${alg}`, { alg }])
  )
  return {
    'another key of its algorithm': strange(),
    ...Object.fromEntries(Object.entries(headers).map(([name, changes]) => [name, strange(changes)])),
    ...Object.fromEntries(hmac),
    ...Object.fromEntries(
      Object.entries(wrong).flatMap(([name, changes]) => {
        const text = `${segment({ ...header, ...changes })}.${payload}`
        return [
          [name, `${text}.${signature}`],
          [`${name}, no signature`, `${text}.`]
        ]
      })
    ),
    'Ed448 under its kid': signed({ ...header, alg: 'EdDSA' }, ourClaims(), ed448.privateKey, null),
    'P-384 under its kid': signed({ ...header, alg: 'ES256' }, ourClaims(), p384.privateKey, 'sha256'),
    'the other algorithm under its kid': signed(
      { ...header, alg: other },
      ourClaims(),
      others[other].privateKey,
      other === 'EdDSA' ? null : 'sha256'
    ),
    'a signature of zeros': withSignature(Buffer.alloc(64)),
    'a signature of r = s = 1': withSignature(Buffer.concat([encode(1n), encode(1n)])),
    'a signature of r = s = n': withSignature(Buffer.concat([encode(order), encode(order)])),
    'the other s that verifies': withSignature(Buffer.concat([bytes.subarray(0, 32), encode(malleable)])),
    'an empty signature': `${head}.${payload}.`,
    'a short signature': withSignature(bytes.subarray(0, 63)),
    'a long signature': withSignature(Buffer.concat([bytes, Buffer.alloc(1)])),
    'a signature in DER': withSignature(Buffer.from('3006020101020101', 'hex')),
    'a signature in hexadecimal': withSignature(bytes.toString('hex')),
    'the signature of another token': `${head}.${payload}.${key.sign(ourClaims()).split('.')[2]}`,
    'another payload': `${head}.${segment(ourClaims({ email: 'eve@example.com' }))}.${signature}`,
    padding: `${good}==`
  }
}

for (const algorithm of ['EdDSA', 'ES256'] as const)
  test(`with keys of ${algorithm} no hostile token is accepted, and none causes a query`, async (t) => {
    const { app, config, signUp } = await startSigning(t, algorithm)
    const ann = await signUp()
    t.equal((await ann.get('/api/auth/me')).statusCode, 200)
    const key = app.signingKeys.signer()
    if (!key) return t.fail('no key')
    t.equal((await caller(app, key.sign(ourClaims())).get('/api/auth/me')).statusCode, 200, 'the claims are right')
    const [, standby] = JSON.parse(String(app.signingKeys.published().body)).keys
    const tokens = hostile(algorithm, key, standby.kid)
    const privateKey = await privateKeyOf(app.db, config, key.kid)
    const header = { alg: algorithm, typ: 'at+jwt', kid: key.kid }
    const right = signPart(header, ourClaims(), privateKey)
    t.equal((await caller(app, right).get('/api/auth/me')).statusCode, 200, 'only what is changed is wrong')
    for (const [name, changes] of Object.entries(hostileClaims))
      tokens[`claims: ${name}`] = signPart(header, ourClaims(changes), privateKey)
    for (const [name, changes] of Object.entries(hostileHeaders))
      if (!/^alg|^kid/.test(name))
        tokens[`header: ${name}`] = signPart({ ...header, ...changes }, ourClaims(), privateKey)
    const queriesOf = countQueries(t, app)
    t.equal(
      await queriesOf(async () => {
        for (const [name, token] of Object.entries(tokens))
          refused(t, await caller(app, token).get('/api/auth/me'), 'invalid_token', name)
      }),
      0
    )
  })

test('a key that is inserted into the database without knowledge of the secret is not used', async (t) => {
  const { app } = await startSigning(t, 'EdDSA')
  const kid = crypto.randomUUID()
  const evil = sealSigningKeys([{ kid: '1', secret: 'the-long-value-of-somebody-else-entirely' }])
  await app.db
    .insertInto('signing_keys')
    .values({ ...makeKey(kid, 'EdDSA', evil), longest_life: 60 })
    .execute()
  // A good key under another name.
  const [row] = await app.db.selectFrom('signing_keys').selectAll().where('kid', '!=', kid).execute()
  if (!row) return t.fail('no key')
  await app.db
    .insertInto('signing_keys')
    .values({ ...row, kid: crypto.randomUUID() })
    .execute()
  await app.signingKeys.load()
  const { keys } = JSON.parse(String(app.signingKeys.published().body))
  t.equal(keys.length, 2)
  t.notOk(keys.some((key: Part) => key.kid === kid))
})
