import { createHash, randomBytes } from 'node:crypto'
import type { Kysely, Transaction } from 'kysely'
import type { SecondFactor } from '../../../schemas/factors.ts'
import type { AuthResponse } from '../../../schemas/users.ts'
import type { Database } from '../../database/tables.ts'
import { problems } from '../../http/problems.ts'
import type { Mail } from '../../mail/mail.ts'
import { hashOfToken } from '../../mail/mail-tokens.ts'
import { challengeLife, factorsRepository } from '../../repositories/factors.ts'
import { usersRepository } from '../../repositories/users.ts'
import type { Client } from '../client.ts'
import { noticeLogin } from '../notices.ts'
import type { Revocations } from '../revocations/revocations.ts'
import type { SecurityLog } from '../security-log.ts'
import type { Sessions } from '../sessions.ts'
import type { Codes } from './codes.ts'
import { methodsOf } from './factors.ts'

interface Parts {
  codes: Codes
  sessions: Pick<Sessions, 'open'>
  revocations: Pick<Revocations, 'settle'>
  log: SecurityLog
  mail: Pick<Mail, 'settings' | 'write' | 'wake'>
}

/**
 * Logins whose password was right, and which wait for a second factor. A challenge belongs to its user and works once,
 * within five minutes and five tries. The end of all sessions, a change of the factors and the deactivation of the account
 * end it.
 */
export function createChallenges(db: Kysely<Database>, { codes, sessions, revocations, log, mail }: Parts) {
  return {
    /** Begins a challenge, in the transaction that holds the user. Returns undefined if the user has no second factor. */
    async begin(userId: string, trx: Transaction<Database>) {
      const factors = factorsRepository(trx)
      const methods = methodsOf(await factors.find(userId))
      if (methods.length === 0) return undefined
      const challenge = randomBytes(32)
      await factors.addChallenge(userId, createHash('sha256').update(challenge).digest())
      return { challenge: challenge.toString('base64url'), methods, expires_in: challengeLife }
    },

    /** Opens the session of a challenge. Throws `invalid_token`, `invalid_code` and `too_many_requests`. */
    async answer({ challenge, code }: SecondFactor, client: Client): Promise<AuthResponse> {
      const hash = hashOfToken(challenge)
      const tried = hash && (await factorsRepository(db).tryChallenge(hash))
      if (!tried) throw problems.invalidToken('not a current challenge')
      const { user_id } = tried
      const open = async (trx: Transaction<Database>) => {
        const user = await usersRepository(trx).hold(user_id)
        const used = user && (await codes.use(user, code, client, trx))
        if (!used) return undefined
        if (!(await factorsRepository(trx).takeChallenge(hash))) throw problems.invalidToken('the challenge was used')
        const noticed = await noticeLogin(user, client, mail, trx)
        const opened = await sessions.open(user, ['pwd', 'otp', 'mfa'], client, trx)
        return opened && { opened, used, isMail: noticed || used === 'recovery_code.used' }
      }
      const { opened, used, isMail } = await codes.limit(user_id, client, () => db.transaction().execute(open))
      if (isMail) mail.wake()
      await revocations.settle()
      await log.record(used, client, { user_id })
      await log.record('login', client, { user_id })
      return opened
    }
  }
}

export type Challenges = ReturnType<typeof createChallenges>
