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

/** Whose password is tried. */
interface Account {
  email: string
  /** Null where there is no such account. */
  userId: string | null
}

type Verify = (hasher: Hasher, password: string, hash: string, email: string) => Promise<boolean>

/** Checks of a password that somebody sends, each counted against the account and the address it comes from. */
export function createPasswordChecks(users: UsersRepository, { passwords, throttle, log }: Parts) {
  /**
   * Whether a password lets in, as `verify` and the throttle say. Throws `too_many_requests`, after the same work, and alike
   * for accounts that do not exist.
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
     * Makes a signed-in user prove who they are; returns their email and hash. `pointer` is where the password is in the body,
     * and `verify` may do more than tell whether it is right. Throws `unavailable`, `invalid_credentials`,
     * `too_many_requests`, and `token_revoked` where nobody with a password has this id.
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
      const right = await passwords.inTurn(client, (hasher) =>
        check('password', { email, userId }, client, () => verify(hasher, password, hash, email))
      )
      if (right) return { email, hash }
      await log.record('password.failed', client, { user_id: userId, account: email })
      throw problems.invalidCredentials('wrong current password')
    }
  }
}
