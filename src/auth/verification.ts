import type { Kysely } from 'kysely'
import { NIL } from 'uuid'
import type { EmailVerification } from '../../schemas/email.ts'
import type { Database } from '../database/tables.ts'
import { problems } from '../http/problems.ts'
import type { Mail } from '../mail/mail.ts'
import { hashOfToken } from '../mail/mail-tokens.ts'
import { mailTokensRepository } from '../repositories/mail-tokens.ts'
import { signUpsRepository } from '../repositories/sign-ups.ts'
import { usersRepository } from '../repositories/users.ts'
import type { User } from './auth.ts'
import type { Client } from './client.ts'
import { normalEmail } from './email-address.ts'
import { findByCode } from './mail-codes.ts'
import type { Recovery } from './recovery.ts'
import type { SecurityLog } from './security-log.ts'

interface Parts {
  log: SecurityLog
  mail: Mail
  countRequest: Recovery['countRequest']
}

function checkOurs({ token }: User): void {
  if (token.issuer !== null) throw problems.forbidden('the address is its issuer’s affair')
}

/** Proves by mail that an address belongs to its user. */
export function createVerification(db: Kysely<Database>, { log, mail, countRequest }: Parts) {
  const tokens = mailTokensRepository(db)
  const users = usersRepository(db)
  const byCode = (code: string, subject: string) =>
    findByCode(tokens, mail.tokens, { purpose: 'verify', subject, code })

  async function find({ token, email, code }: EmailVerification, user: User) {
    if (token !== undefined && email === undefined && code === undefined) {
      const hash = hashOfToken(token)
      return hash && tokens.find(['verify'], hash)
    }
    if (token !== undefined || code === undefined)
      throw problems.validationFailed([{ pointer: '', message: 'must have either token, email and code, or code' }])
    if (email !== undefined) {
      const address = normalEmail(email) as string
      const owner = await users.findByEmail(address)
      // A sign-up is named by its address, a user by the id. Both are tried, whether there is a user or not.
      return (await byCode(code, address)) ?? (await byCode(code, owner?.id ?? NIL))
    }
    checkOurs(user)
    return byCode(code, user.id)
  }

  /** Creates the account of a private sign-up. Returns its id. */
  async function create(mailId: string, hash: Buffer): Promise<string | undefined> {
    return db.transaction().execute(async (trx) => {
      const isUsed = await mailTokensRepository(trx).use('verify', hash)
      const signUp = isUsed && (await signUpsRepository(trx).take(mailId))
      const user = signUp && (await usersRepository(trx).insert({ ...signUp, email_verified: true }))
      return user ? user.id : undefined
    })
  }

  /** Returns whether the user still has this address, and the token was valid. */
  async function confirm(userId: string, email: string, hash: Buffer): Promise<boolean> {
    return db.transaction().execute(async (trx) => {
      const users = usersRepository(trx)
      // Locked first, as everywhere, so that a concurrent change of the address waits.
      if (!(await users.hold(userId)) || !(await mailTokensRepository(trx).use('verify', hash))) return false
      return (await users.verifyEmail(userId, email)) !== undefined
    })
  }

  return {
    /** Sends the mail again. Throws `forbidden` and `too_many_requests`. */
    async send(user: User, client: Client): Promise<void> {
      checkOurs(user)
      await countRequest(client)
      const found = await users.find(user.id)
      if (!found) throw problems.tokenRevoked('user is gone')
      await mail.write({ kind: 'verify', recipient: found.email, user_id: user.id }, client, db)
      mail.wake()
    },

    /** Only a code without an email needs `user`. Throws `invalid_token`, and `forbidden` for a user of another issuer. */
    async verify(given: EmailVerification, user: User, client: Client): Promise<void> {
      const found = await find(given, user)
      if (!found) throw problems.invalidToken('not a current mail token')
      const { user_id: userId, email, hash, mail_id } = found
      if (userId === null) {
        const created = await create(mail_id, hash)
        if (!created) throw problems.invalidToken('the address has an account meanwhile')
        return log.record('register', client, { user_id: created })
      }
      if (!(await confirm(userId, email, hash))) throw problems.invalidToken('the address has changed meanwhile')
      await log.record('email.verified', client, { user_id: userId })
    }
  }
}

export type Verification = ReturnType<typeof createVerification>
