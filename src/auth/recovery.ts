import type { Kysely } from 'kysely'
import type { Forgot, Reset } from '../../schemas/recovery.ts'
import type { Database } from '../database/tables.ts'
import { problems } from '../http/problems.ts'
import type { Mail } from '../mail/mail.ts'
import { hashOfToken } from '../mail/mail-tokens.ts'
import type { Windows } from '../redis/windows.ts'
import { emailChangesRepository } from '../repositories/email-changes.ts'
import { mailTokensRepository } from '../repositories/mail-tokens.ts'
import { usersRepository } from '../repositories/users.ts'
import type { Client } from './client.ts'
import { normalEmail } from './email-address.ts'
import { findByCode } from './mail-codes.ts'
import { type Passwords, passwordRefusal } from './passwords/passwords.ts'
import type { Revocations } from './revocations/revocations.ts'
import type { SecurityLog } from './security-log.ts'
import type { Sessions } from './sessions.ts'

const hour = 60 * 60 * 1000

interface Parts {
  passwords: Passwords
  sessions: Pick<Sessions, 'endAll'>
  revocations: Pick<Revocations, 'settle'>
  log: SecurityLog
  mail: Mail
  /** Requests for mail, by client address. */
  windows: Windows
  rateLimit: { enabled: boolean; mail: number }
}

/** A new password by mail, for somebody who forgot the old one (OWASP ASVS 5.0, 6.4.3). */
export function createRecovery(db: Kysely<Database>, parts: Parts) {
  const { passwords, sessions, revocations, log, mail, windows, rateLimit } = parts
  const tokens = mailTokensRepository(db)
  const users = usersRepository(db)

  /** Counts a request for mail. Throws `too_many_requests`, for the address of the client only. */
  async function countRequest({ prefix }: Client): Promise<void> {
    if (!rateLimit.enabled) return
    const { wait } = await windows.count([{ name: prefix, max: rateLimit.mail, length: hour }], { isFinal: true })
    if (wait > 0) throw problems.tooManyRequests(wait / 1000)
  }

  /** Finds the token that a request names. */
  async function find({ token, email, code }: Reset) {
    if (token !== undefined && email === undefined && code === undefined) {
      const hash = hashOfToken(token)
      return hash && tokens.find(['reset'], hash)
    }
    if (token !== undefined || email === undefined || code === undefined)
      throw problems.validationFailed([{ pointer: '', message: 'must have either token, or email and code' }])
    return findByCode(tokens, mail.tokens, { purpose: 'reset', subject: normalEmail(email) as string, code })
  }

  /** Why a new password is refused, or its hash. The password that it replaces is refused as well. */
  async function judge(password: string, email: string, current: string, client: Client) {
    const refusal = passwordRefusal(password, email)
    if (refusal) return { refusal }
    const [isSame, hash] = await passwords.enqueue(client, ({ verifyAndHash }) =>
      verifyAndHash(password, current, password)
    )
    return isSame ? { refusal: 'must not be the password that it replaces' } : { hash }
  }

  return {
    countRequest,

    /**
     * Asks for a mail with a link. It writes the same row for every address and answers; the sender looks up whose it is.
     * Throws `too_many_requests` and `unavailable`.
     */
    async forgot({ email }: Forgot, client: Client): Promise<void> {
      await countRequest(client)
      await mail.write({ kind: 'reset', recipient: normalEmail(email) as string }, client, db)
      mail.wake()
    },

    /**
     * Sets a new password and ends every session. Nobody is logged in by it. Throws `invalid_token`, and
     * `validation_failed` for a refused password, which leaves the token as it is.
     */
    async reset(given: Reset, client: Client): Promise<void> {
      const found = await find(given)
      const userId = found?.user_id
      const user = userId && (await users.findSecret(userId))
      if (!found || !user) throw problems.invalidToken('not a current mail token')
      const { refusal, hash } = await judge(given.new_password, found.email, user.password_hash, client)
      if (refusal) throw problems.validationFailed([{ pointer: '/new_password', message: refusal }])
      await db.transaction().execute(async (trx) => {
        const users = usersRepository(trx)
        const tokens = mailTokensRepository(trx)
        // Locked first, as everywhere, so that concurrent resets and logins wait for each other.
        const isHeld = await users.hold(userId)
        const isUsed = isHeld && (await tokens.use('reset', found.hash))
        const isReset = isUsed && (await users.resetPassword(userId, found.email, hash as string))
        if (!isReset) throw problems.invalidToken('the mail token was used meanwhile')
        await tokens.invalidate(userId)
        await emailChangesRepository(trx).release(userId)
        await sessions.endAll(userId, trx)
        await mail.write({ kind: 'password.changed', recipient: found.email, user_id: userId }, client, trx)
      })
      mail.wake()
      await revocations.settle()
      await log.record('password.reset', client, { user_id: userId })
    }
  }
}

export type Recovery = ReturnType<typeof createRecovery>
