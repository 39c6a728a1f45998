import { createHash } from 'node:crypto'
import { test } from 'tap'
import { foreignKey } from '../../../src/auth/revocations/revocation-keys.ts'
import { revocationOfForeign, revocationOfSession } from '../../../src/auth/revocations/revocation-rows.ts'
import type { ForeignToken } from '../../../src/auth/tokens/claims.ts'

const day = 24 * 60 * 60
const bearer = { email: 'ann@example.com', name: undefined, expiresAt: 2_000.5 }
const foreign: ForeignToken = {
  ...bearer,
  issuer: 'https://app.example.com',
  subject: 'ann',
  sessionId: undefined,
  issuedAt: 1_000.5
}
const key = foreignKey(foreign.issuer, foreign.subject)

test("the key of another issuer's user is the first 128 bits of a SHA-256, written as a UUID", async (t) => {
  const bits = createHash('sha256').update('https://app.example.com\nann').digest('hex')
  t.match(key, /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)
  t.equal(key.replaceAll('-', ''), bits.slice(0, 32))
})

test('all tokens of an ended session are revoked, with the cutoff that the trigger writes, until the last of them expires', async (t) => {
  const sessionId = crypto.randomUUID()
  const token = {
    ...bearer,
    issuer: null,
    subject: 'ann',
    sessionId,
    issuedAt: 1_000,
    authTime: undefined,
    amr: [],
    role: 'user' as const
  }
  t.strictSame(revocationOfSession(token), { key: sessionId, cutoff: 4_294_967_295, expires: 2_001 })
})

test("a revocation of another issuer's user lasts a day longer than any of that issuer's tokens", async (t) => {
  t.strictSame(revocationOfForeign(foreign, 5_000_900), { key, cutoff: 5_000, expires: 5_000 + 8 * day })
  t.equal(revocationOfForeign(foreign, 900_000).cutoff, 1_000, 'a token from a clock that is ahead')
})

test("ending a foreign user's other sessions revokes the tokens issued before the current one", async (t) => {
  t.strictSame(revocationOfForeign(foreign, 5_000_900, true), { key, cutoff: 999, expires: 5_000 + 8 * day })
})
