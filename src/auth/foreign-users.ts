import { LRUCache } from 'lru-cache'
import type { UsersRepository } from '../repositories/users.ts'
import type { AccessToken } from './access-tokens.ts'

interface Known {
  id: string
  email: string
}

/** Users of other issuers kept in memory, by (issuer, subject): about 30 MB when full. */
const remembered = 100_000

/**
 * Finds our user for another issuer's: a row made on first sight by one statement, remembered afterwards. A user is the
 * pair (issuer, subject) and nothing else; an email that two issuers vouch for belongs to two users.
 */
export function createForeignUsers(users: UsersRepository) {
  const known = new LRUCache<string, Known>({ max: remembered })

  return {
    /** Our user's id, or undefined when the account has been deactivated. Queries only for a new user or email. */
    async identify(token: AccessToken & { issuer: string }): Promise<string | undefined> {
      const { issuer, subject, email } = token
      const key = `${issuer}\n${subject}`
      const before = known.get(key)
      if (before?.email === email) return before.id
      const user = await users.keepForeign({ issuer, subject, email, name: token.name })
      if (!user.is_active) return undefined
      known.set(key, { id: user.id, email })
      return user.id
    }
  }
}
