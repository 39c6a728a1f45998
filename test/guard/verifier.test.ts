import t, { test } from 'tap'
import { parseKeySet } from '../../packages/guard/src/key-set.ts'
import { createVerifier } from '../../packages/guard/src/verifier.ts'
import { firstKey, guardToken } from '../helpers/guard.ts'

const keys = parseKeySet({ keys: [firstKey] }, ['EdDSA'], (_, reason) => t.fail(reason))

/** A verifier that counts what it verifies anew. */
function start(cacheSize: number) {
  const time = { now: Date.now() }
  const counts = { verified: 0 }
  const settings = {
    issuer: 'gatehouse',
    audience: 'gatehouse',
    clockTolerance: 0,
    algorithms: ['EdDSA'] as const,
    cacheSize
  }
  const source = {
    current: (kid: string) => keys.get(kid),
    areValid: () => true,
    refresh: async () => {},
    withdraw: () => {},
    async find(kid: string) {
      counts.verified += 1
      return keys.get(kid)
    }
  }
  return { time, counts, verify: createVerifier(settings, source, () => time.now) }
}

test('a token is verified once, and its expiry is checked each time', async (t) => {
  const { time, counts, verify } = start(10_000)
  const token = guardToken()
  const user = await verify(token)
  for (let i = 0; i < 5; i++) t.equal(verify(token), user, 'without a promise')
  t.equal(counts.verified, 1)
  time.now = user.expiresAt * 1000
  t.throws(() => verify(token), { code: 'token_expired', statusCode: 401 })
  const another = start(10_000)
  another.time.now = user.expiresAt * 1000
  await t.rejects(async () => another.verify(token), { code: 'token_expired' }, 'also one that is not known')
  another.time.now -= 1
  t.equal((await another.verify(token)).id, user.id, 'a millisecond before')
})

test('the cache is bounded, forgets what was not used for longest, and refused tokens evict nothing', async (t) => {
  const [a, b, c] = [guardToken(), guardToken(), guardToken()]
  const { counts, verify } = start(2 * a.length)
  for (const token of [a, b, a, c, a]) await verify(token)
  t.equal(counts.verified, 3)
  await verify(b)
  t.equal(counts.verified, 4, 'b was evicted')
  for (let i = 0; i < 10; i++) await t.rejects(async () => verify(guardToken({ aud: 'x' })), { code: 'invalid_token' })
  t.equal(counts.verified, 14)
  await Promise.all([verify(c), verify(c), verify(b)])
  t.equal(counts.verified, 16)
  await verify(c)
  await verify(b)
  t.equal(counts.verified, 16, 'a token that is verified twice at once is kept once')
})

test('a token that is larger than the cache is verified each time', async (t) => {
  const token = guardToken()
  const { counts, verify } = start(token.length - 1)
  for (let i = 0; i < 2; i++) t.equal((await verify(token)).email, 'ann@example.com')
  t.equal(counts.verified, 2)
})
