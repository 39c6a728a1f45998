import { createPublicKey, verify } from 'node:crypto'
import { test } from 'tap'
import { contextOf, makeKey, openKey, type SigningKey, sealSigningKeys } from '../../../src/auth/keys/key-pairs.ts'
import { headerOf } from '../../helpers/signing.ts'

const secrets = (secret: string) => [{ kid: '1', secret }]
const sealing = sealSigningKeys(secrets('a-long-value-that-only-the-tests-know'))
const kid = 'd6c6f6f0-6f0c-4a3e-9a0e-0a4f3f0f6b11'
const algorithms = ['EdDSA', 'ES256'] as const
const open = (algorithm: (typeof algorithms)[number]) =>
  openKey(makeKey(kid, algorithm, sealing), sealing) as SigningKey

const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n

for (const algorithm of algorithms) {
  test(`a key of ${algorithm} signs tokens that only its public key verifies`, async (t) => {
    const [key, other] = [open(algorithm), open(algorithm)]
    t.match(key.jwk, { kid, alg: algorithm, use: 'sig', kty: algorithm === 'EdDSA' ? 'OKP' : 'EC' })
    t.notOk('d' in key.jwk, 'nothing private')
    const token = key.sign({ sub: 'ann' })
    t.strictSame(headerOf(token), { alg: algorithm, typ: 'at+jwt', kid })
    t.match(key.verify(token), { sub: 'ann' })
    t.throws(() => other.verify(token))
    const [header, payload, signature = ''] = token.split('.')
    const publicKey = createPublicKey({ key: key.jwk, format: 'jwk' })
    const bytes = Buffer.from(signature, 'base64url')
    const hash = algorithm === 'EdDSA' ? null : 'sha256'
    t.ok(verify(hash, Buffer.from(`${header}.${payload}`), { key: publicKey, dsaEncoding: 'ieee-p1363' }, bytes))
  })

  test(`a stored key of ${algorithm} opens only under its secret, its id and its algorithm`, async (t) => {
    const stored = makeKey(kid, algorithm, sealing)
    t.ok(openKey(stored, sealing))
    t.equal(openKey(stored, sealSigningKeys(secrets('another-long-value-of-the-tests-only'))), undefined)
    t.equal(openKey({ ...stored, kid: crypto.randomUUID() }, sealing), undefined)
    t.equal(openKey({ ...stored, algorithm: algorithm === 'EdDSA' ? 'ES256' : 'EdDSA' }, sealing), undefined)
    t.equal(contextOf(stored), `${kid} ${algorithm}`)
    t.notMatch(Buffer.from(stored.private_key).toString('latin1'), /PRIVATE/)
  })
}

test('a key that an earlier release sealed opens', (t) => {
  const private_key = Buffer.from(
    'J_mfdO1VLOs5L09dYkP6K1y5aZZ2r579D7zu7tskyy8fNuSP8JTPfrGOcvJK9G-RJI9a38BM1emuJvftoJyqqSOxhyZOhx3gDL5bgNYyZzM',
    'base64url'
  )
  const key = openKey({ kid, algorithm: 'EdDSA', private_key }, sealing)
  t.equal(key?.jwk.x, '4H6ptTV3WKN0nr1z885wFTNkphzdcrXIuful5iDbEao')
  t.end()
})

test('of the two ES256 signatures that verify, only the one with the lower s is made and accepted', async (t) => {
  const key = open('ES256')
  for (let i = 0; i < 40; i++) {
    const token = key.sign({ i })
    const at = token.lastIndexOf('.') + 1
    const signature = Buffer.from(token.slice(at), 'base64url')
    const s = BigInt(`0x${signature.toString('hex', 32)}`)
    t.ok(s <= order / 2n)
    t.ok(key.verify(token))
    const high = Buffer.from((order - s).toString(16).padStart(64, '0'), 'hex')
    const other = token.slice(0, at) + Buffer.concat([signature.subarray(0, 32), high]).toString('base64url')
    t.throws(() => key.verify(other), /spelling/)
  }
})
