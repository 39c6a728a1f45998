import type { Transaction } from 'kysely'
import type { Database } from '../../database/tables.ts'
import { problems } from '../../http/problems.ts'
import type { Mail } from '../../mail/mail.ts'
import { factorsRepository } from '../../repositories/factors.ts'
import type { Client } from '../client.ts'
import type { Sealing } from '../sealing.ts'
import type { SecurityLog } from '../security-log.ts'
import type { Throttle } from '../throttle/throttle.ts'
import { hashOfRecoveryCode } from './recovery-codes.ts'
import { stepOfCode } from './totp.ts'

/** The event of a code that was right. */
type UsedCode = 'totp.used' | 'recovery_code.used'

export interface Owner {
  id: string
  email: string
}

interface Parts {
  sealing: Sealing
  throttle: Throttle
  log: SecurityLog
  mail: Pick<Mail, 'write'>
  clock: () => number
}

/** Checks the codes of second factors: TOTP and recovery codes. */
export function createCodes({ sealing, throttle, log, mail, clock }: Parts) {
  async function useTotp(userId: string, code: string, trx: Transaction<Database>): Promise<boolean> {
    const factors = factorsRepository(trx)
    const stored = await factors.findTotp(userId)
    const secret = stored && sealing.unseal(stored.secret, userId)
    const step = secret && stepOfCode(secret.bytes, code, clock())
    if (!step) return false
    return factors.useStep(userId, step, secret.isCurrent ? undefined : sealing.seal(secret.bytes, userId))
  }

  return {
    /**
     * Uses a code in a transaction that holds the user, and tells the owner of a recovery code. Returns the event, or
     * undefined if the code is wrong. The caller wakes the sender of mails.
     */
    async use(
      { id: user_id, email }: Owner,
      given: string,
      client: Client,
      trx: Transaction<Database>
    ): Promise<UsedCode | undefined> {
      const code = given.replace(/\s/g, '')
      if (/^\d{6}$/.test(code)) return (await useTotp(user_id, code, trx)) ? 'totp.used' : undefined
      if (!(await factorsRepository(trx).useRecoveryCode(user_id, hashOfRecoveryCode(code)))) return undefined
      await mail.write({ kind: 'recovery_code.used', recipient: email, user_id }, client, trx)
      return 'recovery_code.used'
    },

    /**
     * Does `work`, which returns undefined for a wrong code. The factors of an account share one budget of wrong codes,
     * which does not lock the owner out, as with passwords. Throws `invalid_code` and `too_many_requests`.
     */
    async limit<T>(user_id: string, client: Client, work: () => Promise<T | undefined>): Promise<T> {
      const account = `second factor of ${user_id}`
      const isUsual = await log.hasLoggedInFrom(user_id, client.prefix)
      const attempt = await throttle.begin(account, client.prefix, isUsual)
      if (!attempt.mayPass) {
        await log.record('second_factor.throttled', client, { user_id, account })
        throw problems.tooManyRequests(attempt.wait / 1000)
      }
      const done = await work().catch((error) => {
        attempt.giveBack()
        throw error
      })
      if (done === undefined) {
        await log.record('second_factor.failed', client, { user_id, account })
        throw problems.invalidCode()
      }
      attempt.giveBack()
      return done
    }
  }
}

export type Codes = ReturnType<typeof createCodes>
