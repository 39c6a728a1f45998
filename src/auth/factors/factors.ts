import type { Kysely, Transaction } from 'kysely'
import type { Factors, TotpSecret } from '../../../schemas/factors.ts'
import type { SecondFactorMethod } from '../../../schemas/problems.ts'
import type { User } from '../../../schemas/users.ts'
import type { Database } from '../../database/tables.ts'
import { problems } from '../../http/problems.ts'
import type { Mail } from '../../mail/mail.ts'
import { factorsRepository } from '../../repositories/factors.ts'
import { usersRepository } from '../../repositories/users.ts'
import type { Client } from '../client.ts'
import type { Revocations } from '../revocations/revocations.ts'
import type { Sealing } from '../sealing.ts'
import type { SecurityLog } from '../security-log.ts'
import type { Sessions } from '../sessions.ts'
import type { LimitChanges } from '../throttle/changes.ts'
import type { OwnToken } from '../tokens/claims.ts'
import type { Codes } from './codes.ts'
import { hashOfRecoveryCode, makeRecoveryCodes } from './recovery-codes.ts'
import { describeSecret, makeSecret, stepOfCode } from './totp.ts'

/** By which factors a user can complete a login. Empty without a second factor: recovery codes alone are none. */
export function methodsOf({ totp, passkeys, recovery_codes }: Factors): SecondFactorMethod[] {
  if (!totp && passkeys === 0) return []
  return [
    ...(totp ? (['totp'] as const) : []),
    ...(passkeys > 0 ? (['passkey'] as const) : []),
    ...(recovery_codes > 0 ? (['recovery_code'] as const) : [])
  ]
}

interface Parts {
  codes: Codes
  sealing: Sealing
  sessions: Pick<Sessions, 'raise' | 'hold' | 'endWithoutSecondFactor'>
  revocations: Pick<Revocations, 'settle'>
  log: SecurityLog
  mail: Pick<Mail, 'write' | 'wake'>
  limitChanges: LimitChanges
  /** Authenticator apps show it. */
  appName: string
  clock: () => number
}

/**
 * Turns second factors on and off. Every change holds the user, so that concurrent logins and changes happen one after the
 * other, and ends the challenges of the user.
 */
export function createFactors(db: Kysely<Database>, parts: Parts) {
  const { codes, sealing, sessions, revocations, log, mail, limitChanges, appName, clock } = parts

  /** Changes the factors of a user whose session has not ended. Throws `token_revoked`. */
  const change = <T>(token: OwnToken, work: (user: User, trx: Transaction<Database>) => Promise<T>): Promise<T> =>
    db.transaction().execute(async (trx) => {
      const user = await usersRepository(trx).hold(token.subject)
      // The end of an account ends its sessions.
      await sessions.hold(token, trx)
      await factorsRepository(trx).removeChallenges(token.subject)
      return work(user as User, trx)
    })

  const hasAny = async (userId: string, trx: Transaction<Database>) =>
    methodsOf(await factorsRepository(trx).find(userId)).length > 0

  async function replaceRecoveryCodes(userId: string, trx: Transaction<Database>): Promise<string[]> {
    const codes = makeRecoveryCodes()
    await factorsRepository(trx).removeRecoveryCodes(userId)
    await factorsRepository(trx).addRecoveryCodes(userId, codes.map(hashOfRecoveryCode))
    return codes
  }

  /**
   * Call it before a factor is added, with the methods that the user has just proved. Ends the sessions that were opened
   * without a second factor, except the current one. Returns recovery codes with the first factor only.
   */
  async function turnOn(token: OwnToken, methods: string[], trx: Transaction<Database>) {
    const isFirst = !(await hasAny(token.subject, trx))
    await sessions.endWithoutSecondFactor(token, trx)
    await sessions.raise(token, methods, trx)
    return isFirst ? replaceRecoveryCodes(token.subject, trx) : undefined
  }

  /** Call it after a factor was removed: recovery codes alone are none. */
  async function tidy(userId: string, trx: Transaction<Database>): Promise<void> {
    if (!(await hasAny(userId, trx))) await factorsRepository(trx).removeRecoveryCodes(userId)
  }

  return {
    find: (userId: string): Promise<Factors> => factorsRepository(db).find(userId),

    change,
    turnOn,
    tidy,

    /** Makes a secret for an authenticator app. It is not on before its first code. Throws `second_factor_on`. */
    async setUpTotp({ subject, email: label }: OwnToken): Promise<TotpSecret> {
      const secret = makeSecret()
      const isOffered = await factorsRepository(db).offerTotp(subject, sealing.seal(secret, subject))
      if (!isOffered) throw problems.secondFactorOn()
      return describeSecret(secret, { issuer: appName, label })
    },

    /** Turns TOTP on, and returns new recovery codes. Throws `invalid_code` and `too_many_requests`. */
    async confirmTotp(token: OwnToken, code: string, client: Client): Promise<string[]> {
      const { subject: user_id, sessionId: session_id } = token
      const confirm = async ({ email }: User, trx: Transaction<Database>) => {
        const factors = factorsRepository(trx)
        const pending = await factors.findPendingTotp(user_id)
        const secret = pending && sealing.unseal(pending.secret, user_id)
        const step = secret && stepOfCode(secret.bytes, code.replace(/\s/g, ''), clock())
        if (!step) return undefined
        const recoveryCodes = await turnOn(token, ['otp', 'mfa'], trx)
        await factors.confirmTotp(user_id, step)
        await mail.write({ kind: 'totp.on', recipient: email, user_id }, client, trx)
        return recoveryCodes ?? replaceRecoveryCodes(user_id, trx)
      }
      const recoveryCodes = await limitChanges('totp.on', user_id, () =>
        codes.limit(user_id, client, () => change(token, confirm))
      )
      mail.wake()
      await revocations.settle()
      await log.record('totp.on', client, { user_id, session_id })
      await log.record('recovery_codes.made', client, { user_id, session_id })
      return recoveryCodes
    },

    /** Turns TOTP off. Without any other factor the recovery codes go as well. Throws `not_found`. */
    async removeTotp(token: OwnToken, client: Client): Promise<void> {
      const { subject: user_id, sessionId: session_id } = token
      await change(token, async ({ email }, trx) => {
        if (!(await factorsRepository(trx).removeTotp(user_id))) throw problems.notFound('Authenticator app')
        await tidy(user_id, trx)
        await mail.write({ kind: 'totp.off', recipient: email, user_id }, client, trx)
      })
      mail.wake()
      await log.record('totp.off', client, { user_id, session_id })
    },

    /** Replaces the recovery codes. Throws `second_factor_off` and `too_many_requests`. */
    async makeRecoveryCodes(token: OwnToken, client: Client): Promise<string[]> {
      const { subject: user_id, sessionId: session_id } = token
      const made = await limitChanges('recovery_codes.made', user_id, () =>
        change(token, async (_user, trx) => {
          if (!(await hasAny(user_id, trx))) throw problems.secondFactorOff()
          return replaceRecoveryCodes(user_id, trx)
        })
      )
      await log.record('recovery_codes.made', client, { user_id, session_id })
      return made
    }
  }
}

export type SecondFactors = ReturnType<typeof createFactors>
