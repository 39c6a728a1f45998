import { NIL } from 'uuid'
import { problems } from '../../http/problems.ts'
import type { UsersRepository } from '../../repositories/users.ts'
import type { Client } from '../client.ts'
import type { SecurityLog } from '../security-log.ts'
import type { Attempt, Throttle } from '../throttle/throttle.ts'
import type { Passwords } from './passwords.ts'

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

/** Checks of a password that somebody sends, each counted against the account and the address it comes from. */
export function createPasswordChecks(users: UsersRepository, { passwords, throttle, log }: Parts) {
  /** Whether a password is right, as `verify` says. Throws `too_many_requests` before that; alike for accounts that do not exist. */
  async function check(
    purpose: 'login' | 'password',
    { email, userId }: Account,
    client: Client,
    verify: () => Promise<boolean>
  ): Promise<boolean> {
    const isUsual = await log.hasLoggedInFrom(userId ?? NIL, client.prefix)
    let attempt: Attempt
    try {
      attempt = await throttle.begin(email, client.prefix, isUsual)
    } catch (error) {
      await log.record(`${purpose}.throttled`, client, { user_id: userId })
      throw error
    }
    try {
      const right = await verify()
      if (right) attempt.succeed()
      return right
    } catch (error) {
      attempt.cancel()
      throw error
    }
  }

  return {
    check,

    /**
     * Makes a signed-in user prove who they are; returns their email and hash. `pointer` is where the password stood, and
     * `verify` may do more than tell whether it is right. Throws
     * `invalid_credentials`, `too_many_requests`, and `forbidden` for another issuer's user, who has no password here.
     */
    async confirm(
      userId: string,
      { pointer, password }: { pointer: string; password: string | undefined },
      client: Client,
      verify: (password: string, hash: string, email: string) => Promise<boolean> = passwords.verify
    ) {
      const secret = await users.findSecret(userId)
      if (!secret) throw problems.tokenRevoked('user is gone')
      const { email, password_hash: hash } = secret
      if (hash === null) throw problems.forbidden()
      if (password === undefined) throw problems.validationFailed([{ pointer, message: 'is required' }])
      if (await check('password', { email, userId }, client, () => verify(password, hash, email)))
        return { email, hash }
      await log.record('password.failed', client, { user_id: userId })
      throw problems.invalidCredentials('wrong current password')
    }
  }
}
