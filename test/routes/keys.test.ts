import { compactVerify, createLocalJWKSet, jwtVerify } from 'jose'
import { test } from 'tap'
import { caller, startApp } from '../helpers/app.ts'
import { headerOf, startSigning } from '../helpers/signing.ts'

const jwks = '/.well-known/jwks.json'
const metadata = '/.well-known/oauth-authorization-server'

for (const algorithm of ['EdDSA', 'ES256'] as const)
  test(`a standard library verifies our tokens of ${algorithm} by the published keys`, async (t) => {
    const { anyone, signUp } = await startSigning(t, algorithm)
    const answer = await anyone.get(jwks)
    t.match(answer, {
      statusCode: 200,
      headers: { 'cache-control': 'public, max-age=300', 'content-type': 'application/json; charset=utf-8' }
    })
    const { keys } = answer.json()
    t.equal(keys.length, 2)
    for (const key of keys) {
      t.match(key, { alg: algorithm, use: 'sig', crv: algorithm === 'EdDSA' ? 'Ed25519' : 'P-256' })
      t.strictSame(
        Object.keys(key).filter((name) => !['kty', 'crv', 'x', 'y', 'kid', 'alg', 'use'].includes(name)),
        []
      )
    }
    const { token, id } = await signUp()
    t.match(headerOf(token), { alg: algorithm, kid: keys[0].kid, typ: 'at+jwt' })
    const options = { issuer: 'gatehouse', audience: 'gatehouse', algorithms: [algorithm], typ: 'at+jwt' }
    const verified = await jwtVerify(token, createLocalJWKSet({ keys }), options)
    t.equal(verified.payload.sub, id)
    await t.rejects(compactVerify(token, createLocalJWKSet({ keys: keys.slice(1) })))
    await t.rejects(jwtVerify(token, createLocalJWKSet({ keys }), { ...options, audience: 'another' }), /aud/)
  })

test('the keys have an ETag, and a client that has them gets a 304', async (t) => {
  const { anyone, app } = await startSigning(t, 'EdDSA')
  const first = await anyone.get(jwks)
  const etag = String(first.headers.etag)
  t.match(etag, /^"[\w-]{22}"$/)
  for (const known of [etag, `W/${etag}`, `"x", ${etag}`, '*']) {
    const answer = await anyone.get(jwks, undefined, { headers: { 'if-none-match': known } })
    t.match(answer, { statusCode: 304, body: '', headers: { etag, 'cache-control': 'public, max-age=300' } }, known)
  }
  t.equal((await anyone.get(jwks, undefined, { headers: { 'if-none-match': '"x"' } })).statusCode, 200)
  const head = await anyone.head(jwks)
  t.match(head, { statusCode: 200, body: '', headers: { etag, 'content-length': String(first.body.length) } })
  app.signingKeys.revoke(first.json().keys[0].kid)
  await app.signingKeys.load()
  t.not((await anyone.get(jwks)).headers.etag, etag, 'it changes with the keys')
})

test('with the shared secret the set of keys is empty', async (t) => {
  const { anyone } = await startApp(t)
  t.match(await anyone.get(jwks), { statusCode: 200, body: '{"keys":[]}' })
  t.match((await anyone.get(metadata)).json(), { access_token_signing_alg_values_supported: ['HS256'] })
})

test('the metadata names the issuer, where its keys are, and the algorithms', async (t) => {
  const { app } = await startSigning(t, 'EdDSA')
  const answer = await app.inject({ url: metadata, headers: { host: 'tasks.example.com' } })
  t.match(answer.headers, { 'cache-control': 'no-store' }, 'the host of the request is in it')
  t.strictSame(answer.json(), {
    issuer: 'gatehouse',
    jwks_uri: `http://tasks.example.com${jwks}`,
    response_types_supported: ['none'],
    access_token_signing_alg_values_supported: ['EdDSA']
  })
})

test('with a URL as JWT_ISSUER, jwks_uri is below that URL, whatever the Host header says', async (t) => {
  const { app } = await startApp(t, { settings: { JWT_ISSUER: 'https://id.example.com' } })
  const answer = await app.inject({ url: metadata, headers: { host: 'evil.example.com' } })
  t.match(answer.json(), { issuer: 'https://id.example.com', jwks_uri: `https://id.example.com${jwks}` })
})

test('the metadata of an issuer with a path are served at the path of RFC 8414', async (t) => {
  for (const JWT_ISSUER of ['https://id.example.com/tenants/1', 'https://id.example.com/tenants/1/']) {
    const { app } = await startApp(t, { settings: { JWT_ISSUER } })
    for (const url of [metadata, `${metadata}/tenants/1`])
      t.match((await app.inject({ url })).json(), { issuer: JWT_ISSUER, jwks_uri: `https://id.example.com${jwks}` })
    t.equal((await app.inject({ url: `${metadata}/tenants/2` })).statusCode, 404)
  }
})

test('a token for one audience is refused by a service with another one, under the same keys', async (t) => {
  const { app, signUp } = await startSigning(t, 'EdDSA', { settings: { JWT_AUDIENCE: 'billing' } })
  const key = app.signingKeys.signer()
  const { token } = await signUp()
  const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())
  t.equal((await caller(app, key?.sign({ ...claims })).get('/api/auth/me')).statusCode, 200)
  for (const aud of ['gatehouse', ['billing'], ['billing', 'gatehouse'], 'billing ', '', null, undefined])
    t.match(
      await caller(app, key?.sign({ ...claims, aud })).get('/api/auth/me'),
      { statusCode: 401, body: /invalid_token/ },
      JSON.stringify(aud)
    )
})
