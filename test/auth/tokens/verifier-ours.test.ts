import t, { test } from 'tap'
import { allKeys, startIssuer } from '../../helpers/issuer.ts'
import { foreignToken } from '../../helpers/keys.ts'
import { ourToken } from '../../helpers/mint.ts'

const { publish, trust } = await startIssuer(t)
publish(allKeys)

test('our token is verified once, and its expiry checked each time', async (t) => {
  const { verify, time } = trust()
  const token = ourToken()
  const first = await verify(token)
  t.match(first, { issuer: null })
  t.ok(Object.isFrozen(first))
  for (let i = 0; i < 5; i++) t.equal(await verify(token), first)
  time.now = first.expiresAt * 1000
  await t.rejects(verify(token), { status: 401, code: 'token_expired' })
})

test('a token with the signature of a cached one is refused, and does not evict it', async (t) => {
  const { verify } = trust()
  for (const token of [ourToken(), foreignToken()]) {
    const first = await verify(token)
    const [header, , signature] = token.split('.')
    const [, payload] = ourToken({ sub: crypto.randomUUID() }).split('.')
    await t.rejects(verify(`${header}.${payload}.${signature}`), { code: 'invalid_token' })
    t.equal(await verify(token), first)
  }
})
