import { LRUCache } from 'lru-cache'
import type { UsersRepository } from '../repositories/users.ts'
import { bounded } from '../util/bounded.ts'
import type { ForeignToken } from './tokens/claims.ts'

interface Known {
  id: string
  email: string
  name: string | undefined
  /** When the token was issued that brought this email and name. */
  since: number
  /** What was revoked of this user by then: when more is, the account may be deactivated, or gone. */
  cutoff: number
}

/** Users of other issuers kept in memory, by (issuer, subject): about 30 MB when full. */
const remembered = 100_000

/**
 * Finds our user for another issuer's: a row made on first sight by one statement, remembered afterwards. A user is the
 * pair (issuer, subject) and nothing else; an email that two issuers vouch for belongs to two users.
 */
export function createForeignUsers(users: UsersRepository) {
  const known = new LRUCache<string, Known>(bounded(remembered))

  async function keep(key: string, { issuer, subject, email, name, issuedAt }: ForeignToken, cutoff: number) {
    const user = await users.keepForeign({ issuer, subject, email, name })
    if (user.is_active) known.set(key, { id: user.id, email, name, since: issuedAt, cutoff })
    else known.delete(key)
    return user.is_active ? user.id : undefined
  }

  return {
    /**
     * Our user's id, or undefined when the account has been deactivated. Queries, and promises, only for a new user, a newer
     * email or name, and after a revocation.
     */
    identify(token: ForeignToken, cutoff: number): string | Promise<string | undefined> {
      const { issuer, subject, email, name, issuedAt } = token
      const key = `${issuer}\n${subject}`
      const before = known.get(key)
      const same = before?.email === email && before.name === name
      if (before?.cutoff === cutoff && (same || issuedAt < before.since)) return before.id
      return keep(key, token, cutoff)
    }
  }
}
