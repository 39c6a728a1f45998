import { generateKeyPairSync } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import t, { type Test, test } from 'tap'
import { allKeys, startIssuer } from '../../helpers/issuer.ts'
import { foreignClaims, foreignToken, issuerName, pairs, published, signWith } from '../../helpers/keys.ts'
import { seconds } from '../../helpers/mint.ts'

/** Milliseconds until keys are fetched again, and until they end. */
const [refreshAfter, keysLast] = [10 * 60_000, 24 * 60 * 60_000]

const { publish, trust } = await startIssuer(t)
t.beforeEach(() => publish(allKeys))

/** A service that trusts the issuer, with the number of signatures checked since the last call. */
function service(t: Test) {
  const trusting = trust()
  const { issuer } = trusting
  const calls = t.capture(issuer, 'verify', issuer.verify)
  return { ...trusting, checks: () => calls().length }
}
type Service = ReturnType<typeof service>

/** Advances the clock until keys are refreshed, and waits for that. */
async function refresh({ time, verify, checks }: Service) {
  time.elapsed += refreshAfter + 1
  await verify(foreignToken({}, { kid: 'x' })).catch(() => {})
  checks()
}

test("an issuer's token is verified once, and its expiry checked each time", async (t) => {
  const { verify, time, checks } = service(t)
  const token = foreignToken({ exp: seconds() + 900 })
  const first = await verify(token)
  for (let i = 0; i < 5; i++) t.equal(await verify(token), first)
  t.equal(checks(), 1)
  t.equal((await verify(foreignToken({ jti: 'another' }))).subject, first.subject)
  t.equal(checks(), 1, 'another token is another')

  time.now = first.expiresAt * 1000 - 1
  t.equal(await verify(token), first)
  time.now += 1
  await t.rejects(verify(token), { status: 401, code: 'token_expired' })
  t.equal(checks(), 0, 'though nothing is verified again')
})

test('a cached token cannot be changed', async (t) => {
  const { verify } = service(t)
  const token = await verify(foreignToken())
  t.ok(Object.isFrozen(token))
  for (const value of Object.values(token)) t.not(typeof value, 'object', 'nor is there anything in it that could')
  t.throws(() => Object.assign(token, { subject: 'eve' }), TypeError)
})

test('another spelling of a cached token is refused', async (t) => {
  const { verify } = service(t)
  const token = foreignToken()
  await verify(token)
  for (const other of [
    `${token}=`,
    `${token} `,
    `${token}.`,
    token.slice(0, -1),
    `${token.slice(0, -2)}${token.endsWith('AA') ? 'BA' : 'AA'}`
  ])
    await t.rejects(verify(other), { code: 'invalid_token' }, other.slice(-9))
})

test('a cached token becomes invalid when its key is removed, replaced, or changes its algorithm', async (t) => {
  const { EdDSA, RS256 } = pairs
  const changes: [string, object[], string][] = [
    ['removed', [published(EdDSA, 'EdDSA')], 'unknown kid'],
    ['all removed', [], 'unknown kid'],
    [
      'replaced',
      [published(generateKeyPairSync('rsa', { modulusLength: 2048 }), 'RS256', { alg: 'RS256' })],
      'signature'
    ],
    ['of another kind', [published(EdDSA, 'RS256')], 'algorithm'],
    ['for another algorithm', [published(RS256, 'RS256', { alg: 'PS256' })], 'algorithm'],
    ['there twice', [published(RS256, 'RS256', { alg: 'RS256' }), published(EdDSA, 'RS256')], 'unknown kid']
  ]
  for (const [name, keys, reason] of changes) {
    publish(allKeys)
    const theirs = service(t)
    const token = foreignToken({}, {}, 'RS256')
    await theirs.verify(token)
    publish(keys)
    await refresh(theirs)
    await t.rejects(theirs.verify(token), { code: 'invalid_token', reason }, name)
  }
})

test('a cached token stays valid while its key is published', async (t) => {
  const theirs = service(t)
  const token = foreignToken()
  await theirs.verify(token)
  await refresh(theirs)
  t.ok(await theirs.verify(token))
  t.equal(theirs.checks(), 0)
  publish(Array(101).fill({}))
  theirs.time.elapsed += keysLast + 1
  await t.rejects(theirs.verify(token), { code: 'unavailable' })
})

test('a flood of 5,000 garbage tokens neither evicts a good one nor is cached', async (t) => {
  const { verify, checks } = service(t)
  const good = foreignToken()
  await verify(good)
  checks()
  const remembered = t.capture(LRUCache.prototype, 'set', LRUCache.prototype.set)
  const [header = '', payload = '', signature = ''] = good.split('.')
  const kinds: ((i: number) => string)[] = [
    (i) => `garbage-${i}`,
    (i) => `${header}.${payload}.${Buffer.from(`signature ${i}`).toString('base64url')}`,
    (i) => `${header}.${Buffer.from(`{"iss":"${issuerName}","i":${i}}`).toString('base64url')}.${signature}`,
    (i) => `${Buffer.from(`{"alg":"EdDSA","kid":"${i}"}`).toString('base64url')}.${payload}.${signature}`,
    (i) => `${Buffer.from(`{"alg":"none","i":${i}}`).toString('base64url')}.${payload}.${signature}`
  ]
  let refused = 0
  for (let i = 0; i < 5_000; i++)
    await verify(kinds[i % kinds.length]?.(i) ?? '').catch(({ code }) => {
      if (code === 'invalid_token') refused += 1
    })
  t.equal(refused, 5_000)
  t.equal(remembered().length, 0)
  checks()
  t.ok(await verify(good))
  t.equal(checks(), 0)
})

test('eight megabytes of tokens are cached, the most recently used', async (t) => {
  const { verify, checks } = service(t)
  const { EdDSA } = pairs
  const more = 'x'.repeat(8_400)
  const large = (jti: number) => signWith('EdDSA', EdDSA, { alg: 'EdDSA', kid: 'EdDSA' }, foreignClaims({ jti, more }))
  const [used, unused] = [foreignToken({ jti: 'used' }), foreignToken({ jti: 'unused' })]
  for (const token of [used, unused]) await verify(token)
  for (let size = 0, i = 0; size < 8 * 1024 * 1024; i++) {
    const token = large(i)
    size += token.length
    await verify(token)
    await verify(used)
  }
  checks()
  await verify(used)
  t.equal(checks(), 0)
  await verify(unused)
  t.equal(checks(), 1)
})
