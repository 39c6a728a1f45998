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
  /** When the token was issued that brought this email and name. */
  since: number
  /** Milliseconds since 1970: until then the database is not asked again. */
  until: number
}

/** Users of other issuers kept in memory: about 30 MB when full. */
const remembered = 100_000
/** Milliseconds. Much less than a revocation is kept, which is what contradicts this memory. */
export const ASK_AGAIN_AFTER = 60 * 60 * 1000

/**
 * Finds our user for another issuer's: a row made on first sight by one statement, remembered until something is revoked of
 * the user, and for an hour at most. A user is the pair (issuer, subject) and nothing else; an email that two issuers
 * vouch for belongs to two users. `clock` gives milliseconds.
 */
export function createForeignUsers(users: UsersRepository, revocations: Revocations, clock: () => number) {
  const known = new LRUCache<string, Known>(bounded(remembered))
  /** How often something was revoked: what was read before may be out of date. */
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

  /** An account that was deleted while this request was on its way must not be made again by it. */
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
     * Our user's id. Throws `token_revoked` when the account has been deactivated. Queries, and promises, only for a new user, a
     * newer email or name, after a revocation, and once an hour.
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

export type ForeignUsers = ReturnType<typeof createForeignUsers>
