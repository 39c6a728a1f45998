import { LRUCache } from 'lru-cache'
import { problems } from '../http/problems.ts'
import type { UsersRepository } from '../repositories/users.ts'
import { bounded } from '../util/bounded.ts'
import { keyOf } from './revocations/revocation-keys.ts'
import type { Revocations } from './revocations/revocations.ts'
import type { ForeignToken } from './tokens/claims.ts'

interface Known {
  id: string
  email: string
  name: string | undefined
  emailVerified: boolean | undefined
  /** When the token that supplied these was issued. */
  since: number
  until: number
}

const maxCached = 100_000
/** Milliseconds. Must be much shorter than revocations are kept, because a revocation evicts a cached user. */
const ASK_AGAIN_AFTER = 60 * 60 * 1000

/** Maps (issuer, subject) to our users: an email that two issuers vouch for belongs to two users. */
export function createForeignUsers(users: UsersRepository, revocations: Revocations, clock: () => number) {
  const known = new LRUCache<string, Known>(bounded(maxCached))
  // Tells whether a row was read before a revocation.
  let changes = 0
  revocations.onForeign((key) => {
    changes += 1
    if (key === undefined) known.clear()
    else known.delete(key)
  })

  async function ask(key: string, token: ForeignToken): Promise<string> {
    const { issuer, subject, email, emailVerified, name, issuedAt } = token
    const before = changes
    const until = clock() + ASK_AGAIN_AFTER
    const user = await users.keepForeign({ issuer, subject, email, email_verified: emailVerified, name })
    if (!user) {
      known.delete(key)
      throw problems.tokenRevoked('deactivated')
    }
    if (user.is_new) await checkNew(token, user.id)
    if (changes === before) known.set(key, { id: user.id, email, emailVerified, name, since: issuedAt, until })
    return user.id
  }

  // A request that overlaps the deletion of its account must not create the account again.
  async function checkNew(token: ForeignToken, id: string): Promise<void> {
    try {
      await revocations.catchUp()
      await revocations.check(token)
    } catch (error) {
      await users.remove(id)
      throw error
    }
  }

  return {
    /** Queries only for a new user, a newer email, name or claim that it is verified, after a revocation, and once an hour. Throws `token_revoked`. */
    identify(token: ForeignToken): string | Promise<string> {
      const { email, emailVerified, name, issuedAt } = token
      const key = keyOf(token)
      const before = known.get(key)
      const isSame = before?.email === email && before.name === name && before.emailVerified === emailVerified
      if (before && clock() < before.until && (isSame || issuedAt < before.since)) return before.id
      return ask(key, token)
    }
  }
}
