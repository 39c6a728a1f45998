import { NIL } from 'uuid'
import { problems } from '../../http/problems.ts'
import type { UsersRepository } from '../../repositories/users.ts'
import type { Client } from '../client.ts'
import type { SecurityLog } from '../security-log.ts'
import type { Throttle } from '../throttle/throttle.ts'
import type { Hasher, Passwords } from './passwords.ts'

interface Parts {
  passwords: Passwords
  throttle: Throttle
  log: SecurityLog
}

/** The account that a password is tried for. */
interface Account {
  email: string
  /** Null if there is no such account. */
  userId: string | null
}

type Verify = (hasher: Hasher, password: string, hash: string, email: string) => Promise<boolean>

/** Checks passwords and counts each attempt against the account and the client's address. */
export function createPasswordChecks(users: UsersRepository, { passwords, throttle, log }: Parts) {
  /**
   * Whether a password is right and the throttle lets it pass. Throws `too_many_requests` after the same work, and in
   * the same way for accounts that do not exist.
   */
  async function check(
    purpose: 'login' | 'password',
    { email, userId }: Account,
    client: Client,
    verify: () => Promise<boolean>
  ): Promise<boolean> {
    const isUsual = await log.hasLoggedInFrom(userId ?? NIL, client.prefix)
    const attempt = await throttle.begin(email, client.prefix, isUsual)
    const right = await verify().catch((error) => {
      attempt.giveBack()
      throw error
    })
    if (right && attempt.mayPass) {
      attempt.giveBack()
      return true
    }
    if (attempt.wait === 0) return false
    await log.record(`${purpose}.throttled`, client, { user_id: userId, account: email })
    throw problems.tooManyRequests(attempt.wait / 1000)
  }

  return {
    check,

    /**
     * Checks the password of a signed-in user and returns the user's email and hash. `pointer` locates the password in
     * the body. `verify` may do further work. Throws `unavailable`, `invalid_credentials`, `too_many_requests`, and
     * `token_revoked` if no
     * user with a password has this id.
     */
    async confirm(
      userId: string,
      { pointer, password }: { pointer: string; password: string | undefined },
      client: Client,
      verify: Verify = (hasher, password, hash) => hasher.verify(password, hash)
    ) {
      const secret = await users.findSecret(userId)
      if (!secret) throw problems.tokenRevoked('user is gone')
      const { email, password_hash: hash } = secret
      if (password === undefined) throw problems.validationFailed([{ pointer, message: 'is required' }])
      const right = await passwords.enqueue(client, (hasher) =>
        check('password', { email, userId }, client, () => verify(hasher, password, hash, email))
      )
      if (right) return { email, hash }
      await log.record('password.failed', client, { user_id: userId, account: email })
      throw problems.invalidCredentials('wrong current password')
    }
  }
}
