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
  /** When the token that supplied this email and name was issued. */
  since: number
  /** Milliseconds since 1970. Until then no query is needed. */
  until: number
}

/** Cached users of other issuers: about 30 MB when full. */
const maxCached = 100_000
/** Milliseconds. Must be much shorter than revocations are kept, because a revocation evicts a cached user. */
export const ASK_AGAIN_AFTER = 60 * 60 * 1000

/**
 * Maps users of other issuers to our users. One statement creates the row on first sight; the result is cached until
 * something of the user is revoked, for at most an hour. The pair (issuer, subject) alone identifies a user, so an
 * email that two issuers vouch for belongs to two users. `clock` returns milliseconds.
 */
export function createForeignUsers(users: UsersRepository, revocations: Revocations, clock: () => number) {
  const known = new LRUCache<string, Known>(bounded(maxCached))
  /** Counts revocations, to detect that a row was read before one of them. */
  let changes = 0
  revocations.onForeign((key) => {
    changes += 1
    if (key === undefined) known.clear()
    else known.delete(key)
  })

  async function ask(key: string, token: ForeignToken): Promise<string> {
    const { issuer, subject, email, name, issuedAt } = token
    const before = changes
    const until = clock() + ASK_AGAIN_AFTER
    const user = await users.keepForeign({ issuer, subject, email, name })
    if (!user) {
      known.delete(key)
      throw problems.tokenRevoked('deactivated')
    }
    if (user.is_new) await checkNew(token, user.id)
    if (changes === before) known.set(key, { id: user.id, email, name, since: issuedAt, until })
    return user.id
  }

  /** A request that overlaps the deletion of its account must not create the account again. */
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
    /**
     * Returns our user's id. Throws `token_revoked` when the account is deactivated. Queries the database, and returns
     * a promise, only for a new user, a newer email or name, after a revocation, and once an hour.
     */
    identify(token: ForeignToken): string | Promise<string> {
      const { email, name, issuedAt } = token
      const key = keyOf(token)
      const before = known.get(key)
      const isSame = before?.email === email && before.name === name
      if (before && clock() < before.until && (isSame || issuedAt < before.since)) return before.id
      return ask(key, token)
    }
  }
}
