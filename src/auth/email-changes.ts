import type { Kysely } from 'kysely'
import type { EmailChange, EmailChangeToken, EmailConfirmation } from '../../schemas/email-changes.ts'
import type { Database } from '../database/tables.ts'
import { problems } from '../http/problems.ts'
import type { Mail } from '../mail/mail.ts'
import { hashOfToken } from '../mail/mail-tokens.ts'
import { emailChangesRepository } from '../repositories/email-changes.ts'
import { type MailPurpose, mailTokensRepository } from '../repositories/mail-tokens.ts'
import { usersRepository } from '../repositories/users.ts'
import type { User } from './auth.ts'
import type { Client } from './client.ts'
import { normalEmail } from './email-address.ts'
import { findByCode } from './mail-codes.ts'
import type { Recovery } from './recovery.ts'
import type { Revocations } from './revocations/revocations.ts'
import type { SecurityLog } from './security-log.ts'
import type { Sessions } from './sessions.ts'
import type { LimitChanges } from './throttle/changes.ts'
import type { AccessToken, OwnToken } from './tokens/claims.ts'

interface Parts {
  sessions: Pick<Sessions, 'hold' | 'endAll'>
  revocations: Pick<Revocations, 'settle'>
  log: SecurityLog
  mail: Pick<Mail, 'write' | 'wake' | 'tokens'>
  countRequest: Recovery['countRequest']
  limitChanges: LimitChanges
}

/** Throws `forbidden` for a user of another issuer, which keeps the address. */
export function ownToken(token: AccessToken): OwnToken {
  if (token.issuer !== null) throw problems.forbidden('another issuer keeps the address')
  return token
}

/**
 * Another address for an account: the new one confirms the change, and the old one can undo it. Every function locks the
 * user first, so that concurrent ones, and the end of the account, happen one after the other.
 */
export function createEmailChanges(db: Kysely<Database>, parts: Parts) {
  const { sessions, revocations, log, mail, countRequest, limitChanges } = parts
  const tokens = mailTokensRepository(db)

  /** Finds the user and the change of a token. Throws `invalid_token`. */
  async function find(token: string, purposes: readonly MailPurpose[]) {
    const hash = hashOfToken(token)
    const found = hash && (await tokens.find(purposes, hash))
    if (!found?.user_id) throw problems.invalidToken('not a current mail token')
    return { hash: found.hash, userId: found.user_id, changeId: found.subject }
  }

  /** Finds the change that a user has asked for by the code of its mail. Throws `invalid_code` and `forbidden`. */
  async function findByUser({ token }: User, code: string) {
    const { subject: userId } = ownToken(token)
    const pending = await emailChangesRepository(db).findPending(userId)
    const given = { purpose: 'email.confirm', subject: String(pending?.id), code } as const
    const found = await findByCode(tokens, mail.tokens, given)
    if (!found) throw problems.invalidCode()
    return { hash: found.hash, userId, changeId: found.subject }
  }

  async function findConfirmation({ token, code }: EmailConfirmation, user: User) {
    if (token !== undefined && code === undefined) return find(token, ['email.confirm'])
    if (token === undefined && code !== undefined) return findByUser(user, code)
    throw problems.validationFailed([{ pointer: '', message: 'must have either token or code' }])
  }

  return {
    /**
     * Asks for a change. It writes the same rows for every new address and answers; the sender looks up whether it is
     * free. Throws `too_many_requests` and `token_revoked`.
     */
    async request(token: OwnToken, { email }: EmailChange, client: Client): Promise<void> {
      await countRequest(client)
      const { subject: user_id, sessionId: session_id } = token
      const newEmail = normalEmail(email) as string
      await limitChanges('email.requested', user_id, () =>
        db.transaction().execute(async (trx) => {
          const changes = emailChangesRepository(trx)
          await usersRepository(trx).hold(user_id)
          // The end of an account ends its sessions.
          await sessions.hold(token, trx)
          await changes.withdraw(user_id)
          const { id: change_id, old_email } = await changes.insert(user_id, newEmail)
          await mail.write({ kind: 'email.confirm', recipient: newEmail, user_id, change_id }, client, trx)
          await mail.write({ kind: 'email.requested', recipient: old_email, user_id, change_id }, client, trx)
        })
      )
      mail.wake()
      await log.record('email.requested', client, { user_id, session_id })
    },

    /**
     * Gives the account its new address. Sessions continue. Only a code needs `user`. Throws `invalid_token`, `invalid_code`,
     * `forbidden`, and `email_taken`, which changes nothing.
     */
    async confirm(given: EmailConfirmation, user: User, client: Client): Promise<void> {
      const { hash, userId: user_id, changeId } = await findConfirmation(given, user)
      await db.transaction().execute(async (trx) => {
        const users = usersRepository(trx)
        const tokens = mailTokensRepository(trx)
        const isHeld = await users.hold(user_id)
        const isUsed = isHeld && (await tokens.use('email.confirm', hash))
        const change = isUsed && (await emailChangesRepository(trx).confirm(user_id, changeId))
        if (!change) throw problems.invalidToken('the change was confirmed, replaced or cancelled meanwhile')
        const { id: change_id, old_email: recipient, new_email } = change
        if (!(await users.changeEmail(user_id, recipient, new_email))) throw problems.emailTaken()
        await tokens.invalidate(user_id)
        await mail.write({ kind: 'email.changed', recipient, user_id, change_id }, client, trx)
      })
      mail.wake()
      await log.record('email.changed', client, { user_id })
    },

    /** Cancels or undoes a change and the later ones, and ends every session. Throws `invalid_token`. */
    async cancel({ token }: EmailChangeToken, client: Client): Promise<void> {
      const { userId: user_id, changeId } = await find(token, ['email.cancel', 'email.undo'])
      await db.transaction().execute(async (trx) => {
        const users = usersRepository(trx)
        const isHeld = await users.hold(user_id)
        const cancelled = isHeld ? await emailChangesRepository(trx).cancel(user_id, changeId) : []
        if (cancelled.length === 0) throw problems.invalidToken('the change was cancelled or is too old')
        const [first, ...later] = cancelled.filter(({ confirmed_at }) => confirmed_at !== null)
        if (first) {
          await users.restoreEmail(user_id, first.old_email, first.was_verified === true)
          const { new_email: recipient } = later.at(-1) ?? first
          await mail.write({ kind: 'email.restored', recipient, user_id }, client, trx)
        }
        await mailTokensRepository(trx).invalidate(user_id)
        await sessions.endAll(user_id, trx)
      })
      mail.wake()
      await revocations.settle()
      await log.record('email.cancelled', client, { user_id })
    }
  }
}

export type EmailChanges = ReturnType<typeof createEmailChanges>
