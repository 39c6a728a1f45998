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

interface Account {
  email: string
  /** Null if there is no such account. */
  userId: string | null
}

type Verify = (hasher: Hasher, password: string, hash: string, email: string) => Promise<boolean>

export function createPasswordChecks(users: UsersRepository, { passwords, throttle, log }: Parts) {
  /** Throws `too_many_requests` after the same work, and in the same way for accounts that do not exist. */
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

    /** Checks a signed-in user's password, found at `pointer` of the body. `verify` may do further work. */
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
