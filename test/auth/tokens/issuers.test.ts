import { generateKeyPairSync } from 'node:crypto'
import t, { test } from 'tap'
import type { Algorithm } from '../../../src/auth/tokens/jwks.ts'
import { allKeys, startIssuer } from '../../helpers/issuer.ts'
import { foreignClaims, foreignToken, issuerName, pairs, published, signWith } from '../../helpers/keys.ts'
import { mint } from '../../helpers/mint.ts'

const { state, publish, trust, url } = await startIssuer(t)
const { verify } = trust()
const names: Algorithm[] = ['EdDSA', 'ES256', 'ES512', 'RS256', 'PS256']
const refusal = (reason: string | RegExp) => ({ status: 401, code: 'invalid_token', reason })
const header = (alg: string, kid = alg) => ({ alg, kid })

test('a token of each algorithm identifies its user', async (t) => {
  for (const name of names)
    t.match(
      await verify(foreignToken({ name: 'Ann', email: 'Ann@Example.com' }, {}, name)),
      { issuer: issuerName, subject: 'aB3dE6gH9jK2mN5pQ8sT1vW4xY7zA0cD', email: 'ann@example.com', name: 'Ann' },
      name
    )
  t.ok(await verify(foreignToken({}, { typ: 'JWT' })), 'with the type JWT')
})

test("the key determines the algorithm, not the token's header", async (t) => {
  const { EdDSA, ES256, RS256, PS256 } = pairs
  const ed448 = generateKeyPairSync('ed448')
  const body = foreignClaims()
  const spki = RS256.publicKey.export({ type: 'spki', format: 'pem' })
  const forged: [string, string, string][] = [
    ['RS256 signed as PS256', signWith('PS256', RS256, header('RS256'), body), 'signature'],
    ['PS256 signed as RS256', signWith('RS256', PS256, header('PS256'), body), 'signature'],
    ['PS256 with another salt', signWith('PS256 with another salt', PS256, header('PS256'), body), 'signature'],
    ['PS256 by the key of RS256', signWith('PS256', RS256, header('PS256', 'RS256'), body), 'algorithm'],
    ['RS256 by the key of PS256', signWith('RS256', PS256, header('RS256', 'PS256'), body), 'algorithm'],
    ['ES256 in DER', signWith('ES256 in DER', ES256, header('ES256'), body), 'signature'],
    ['ES256 by the kid of EdDSA', signWith('ES256', ES256, header('ES256', 'EdDSA'), body), 'algorithm'],
    ['ES512 by a key of P-256', signWith('ES512', ES256, header('ES512'), body), 'signature'],
    ['EdDSA of the other curve', signWith('EdDSA', ed448, header('EdDSA'), body), 'signature'],
    ['Ed25519, as the new name is', signWith('EdDSA', EdDSA, header('Ed25519', 'EdDSA'), body), 'algorithm'],
    ['RS384', signWith('RS256', RS256, header('RS384', 'RS256'), body), 'algorithm'],
    ['HS256 by the text of the key', mint(header('HS256', 'RS256'), body, spki), 'unknown kid'],
    ['HS256 by the text of the key, without kid', mint({ alg: 'HS256' }, body, spki), 'signature'],
    ['HS256 by the JSON of the key', mint({ alg: 'HS256' }, body, JSON.stringify(allKeys[3])), 'signature'],
    ['HS256 by the shared secret, in its name', mint({ alg: 'HS256' }, body), 'unknown issuer'],
    ['RS256 by the secret', mint(header('RS256'), body), 'signature']
  ]
  for (const [name, token, reason] of forged) await t.rejects(verify(token), refusal(reason), name)
  const signature = foreignToken({}, {}, 'ES256').split('.')[2] ?? ''
  for (const bytes of [Buffer.alloc(64), Buffer.alloc(1), Buffer.alloc(63, 1), Buffer.from(`${signature}${signature}`)])
    await t.rejects(
      verify(foreignToken({}, {}, 'ES256').replace(/[^.]+$/, bytes.toString('base64url'))),
      refusal('signature')
    )
  t.ok(names.length === allKeys.length)
})

test('an issuer may use only the configured algorithms, even if it has keys for others', async (t) => {
  const { verify, lines } = trust({ algorithms: ['ES256'] })
  t.ok(await verify(foreignToken({}, {}, 'ES256')))
  t.match(
    lines,
    Array(4).fill({ issuer: issuerName, reason: 'it is for no single one of ES256', msg: 'a key was refused' })
  )
  await t.rejects(verify(foreignToken()), refusal('algorithm'))
})

test('a key or key URL inside a token is ignored', async (t) => {
  const evil = generateKeyPairSync('ed25519')
  const pointers = { jku: `${url}/evil`, x5u: `${url}/evil`, jwk: published(evil, 'EdDSA'), x5c: ['MII'] }
  state.fetches = 0
  for (const kid of ['EdDSA', 'x'])
    await t.rejects(
      verify(signWith('EdDSA', evil, { alg: 'EdDSA', kid, ...pointers }, foreignClaims())),
      refusal(/^(signature|unknown kid)$/)
    )
  t.ok(await verify(foreignToken({}, pointers)), 'rightly signed, it does no harm')
  t.equal(state.fetches, 0)
})

test("Better Auth's cookie cache is refused, even with the configured audience", async (t) => {
  const { verify } = trust({ audience: 'better-auth:session-cache' })
  const cache = { aud: 'better-auth:session-cache', session: { id: 'x' }, user: { id: 'x' } }
  await t.rejects(verify(foreignToken(cache, { typ: 'better-auth.session-cache+jwt' })), refusal('type'))
  await t.rejects(verify(foreignToken(cache)), refusal('not a login'))
})

test('the same kid at two issuers is two keys, which are not interchangeable', async (t) => {
  const other = 'https://other.example.com'
  const { verify } = trust({}, { issuer: other, jwksUrl: `${url}/other` })
  const theirs = generateKeyPairSync('ed25519')
  t.ok(await verify(foreignToken()))
  publish([published(theirs, 'EdDSA')])
  const token = (iss: string) => signWith('EdDSA', theirs, header('EdDSA'), foreignClaims({ iss }))
  t.match(await verify(token(other)), { issuer: other })
  await t.rejects(verify(token(issuerName)), refusal('signature'))
  await t.rejects(verify(foreignToken({ iss: other })), refusal('signature'))

  state.fetches = 0
  for (const iss of [
    'https://third.example.com',
    `${issuerName}/`,
    issuerName.toUpperCase(),
    [issuerName],
    null,
    undefined
  ])
    await t.rejects(verify(token(iss as string)), refusal('algorithm'), `iss ${JSON.stringify(iss)}`)
  t.equal(state.fetches, 0)
  publish(allKeys)
})
