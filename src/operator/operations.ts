import type { Kysely, Transaction } from 'kysely'
import type { Logger } from 'pino'
import type { ManagedUser, ManagedUserDetails } from '../../schemas/managed-users.ts'
import type { Role } from '../../schemas/users.ts'
import { documentStream, personalDocument } from '../auth/personal-export.ts'
import { keepAnAdmin, removeAccount } from '../auth/removal.ts'
import { revocationOfForeign } from '../auth/revocations/revocation-rows.ts'
import type { Revocations } from '../auth/revocations/revocations.ts'
import { endAllSessions } from '../auth/sessions.ts'
import type { Database } from '../database/tables.ts'
import type { BodyStream } from '../http/large-bodies.ts'
import { Problem, problems } from '../http/problems.ts'
import type { Mail } from '../mail/mail.ts'
import type { Product } from '../product/product.ts'
import { factorsRepository } from '../repositories/factors.ts'
import { passkeysRepository } from '../repositories/passkeys.ts'
import { personalDataRepository } from '../repositories/personal-data.ts'
import { personalTokensRepository } from '../repositories/personal-tokens.ts'
import { revocationsRepository } from '../repositories/revocations.ts'
import { securityEventsRepository } from '../repositories/security-events.ts'
import type { Lives } from '../repositories/session-ends.ts'
import { sessionsRepository } from '../repositories/sessions.ts'
import { userLists } from '../repositories/user-lists.ts'
import { usersRepository } from '../repositories/users.ts'
import { type Actor, type Operation, operatorClient, type RecordOperation } from './operator-log.ts'

const shownEvents = 20

/** By whom and why. Every operation is recorded with it. */
export interface Order {
  actor: Actor
  reason: string
}

interface Parts {
  lives: Lives
  revocations: Pick<Revocations, 'settle'>
  mail: Pick<Mail, 'settings' | 'write' | 'wake'>
  record: RecordOperation
  log: Pick<Logger, 'error'>
  product?: Pick<Product, 'personalData' | 'usage' | 'erase'>
  clock: () => number
}

type Held = NonNullable<Awaited<ReturnType<ReturnType<typeof usersRepository>['holdAny']>>>

/** Whoever can run the command line can make another admin; an admin cannot, once there is none. */
const canLockOut = (actor: Actor) => !('id' in actor)

/** What operators do to accounts. All of it throws `not_found`. */
export function createOperations(
  db: Kysely<Database>,
  { lives, revocations, mail, record, log, product = {}, clock }: Parts
) {
  const { personalData, erase } = product
  const lists = userLists(db)
  const endAll = endAllSessions(lives)

  async function find(id: string): Promise<ManagedUser> {
    const user = await lists.find(id)
    if (!user) throw problems.notFound('User')
    return user
  }

  /** Does something to a user, whom it locks, so that concurrent logins and operations wait. */
  async function operate<T>(
    id: string,
    event: Operation['event'],
    { actor, reason }: Order,
    work: (user: Held, trx: Transaction<Database>) => Promise<T>
  ): Promise<T> {
    const { result, committed } = await db.transaction().execute(async (trx) => {
      const user = await usersRepository(trx).holdAny(id)
      if (!user) throw problems.notFound('User')
      const result = await work(user, trx)
      return { result, committed: await record(trx, { event, actor, subject: id, reason }) }
    })
    mail.wake()
    await revocations.settle()
    committed()
    return result
  }

  async function keepAdmins({ actor }: Order, id: string, trx: Transaction<Database>): Promise<void> {
    if (!canLockOut(actor)) await keepAnAdmin(id, trx)
  }

  async function end({ id, issuer, subject }: Held, trx: Transaction<Database>): Promise<void> {
    await endAll(id, trx)
    if (issuer === null || subject === null) return
    const issuedAt = clock() / 1000
    await revocationsRepository(trx).insert(revocationOfForeign({ issuer, subject, issuedAt }, clock()))
  }

  /** The numbers of the product. Where it fails, operators still see the account, without them. */
  async function usageOf(id: string): Promise<Record<string, number>> {
    const { usage } = product
    if (!usage) return {}
    try {
      const given = await usage.read(db, id)
      return Object.fromEntries(Object.entries(given).filter(([, value]) => Number.isSafeInteger(value)))
    } catch (error) {
      if (usage.isComplete) throw error
      log.error({ err: error }, 'The product did not give its numbers of a user')
      return {}
    }
  }

  return {
    list: lists.list,

    find,

    /** The id of the user who registered here with an address. */
    async findId(email: string): Promise<string> {
      const user = await usersRepository(db).findByEmail(email)
      if (!user) throw problems.notFound('User')
      return user.id
    },

    /** Everything that an operator may see of a user. */
    async show(id: string): Promise<ManagedUserDetails> {
      const user = await find(id)
      const [sessions, factors, personal_tokens, events, usage] = [
        await sessionsRepository(db, lives).list(id),
        await factorsRepository(db).find(id),
        await personalTokensRepository(db).count(id),
        await securityEventsRepository(db).list(id, { limit: shownEvents, after: undefined }),
        await usageOf(id)
      ]
      return { ...user, sessions, factors, personal_tokens, events: events.items, usage }
    },

    /** Everything that is stored about a user, without secrets, as one JSON document. */
    async exportData(id: string, order: Order): Promise<BodyStream> {
      const user = await personalDataRepository(db).user(id)
      if (!user) throw problems.notFound('User')
      await operate(id, 'account.exported', order, async () => {})
      return documentStream(personalDocument(db, user, clock(), personalData))
    },

    /** Ends everything at once, and until it is enabled nobody signs in. Throws `last_admin`. */
    async disable(id: string, order: Order): Promise<ManagedUser> {
      await operate(id, 'account.disabled', order, async (_user, trx) => {
        await keepAdmins(order, id, trx)
        await usersRepository(trx).disable(id, order.reason)
        await factorsRepository(trx).removeChallenges(id)
      })
      return find(id)
    },

    async enable(id: string, order: Order): Promise<ManagedUser> {
      await operate(id, 'account.enabled', order, (_user, trx) => usersRepository(trx).enable(id))
      return find(id)
    },

    endSessions: (id: string, order: Order): Promise<void> => operate(id, 'sessions.ended', order, end),

    /** Removes the authenticator app, the passkeys and the recovery codes, and ends all sessions. The password stays. */
    resetFactors: (id: string, order: Order): Promise<void> =>
      operate(id, 'factors.reset', order, async (user, trx) => {
        const factors = factorsRepository(trx)
        const { email: recipient } = user
        if (await factors.removeTotp(id))
          await mail.write({ kind: 'totp.off', recipient, user_id: id }, operatorClient, trx)
        if ((await passkeysRepository(trx).removeAll(id)) > 0)
          await mail.write({ kind: 'passkey.removed', recipient, user_id: id }, operatorClient, trx)
        await factors.removeRecoveryCodes(id)
        await end(user, trx)
      }),

    /** Sends the mail that "Forgot password?" sends, to the address of the account only. */
    async sendReset(id: string, order: Order): Promise<void> {
      if (!mail.settings) throw problems.unavailable('mail is not configured: set SMTP_URL', 3_600)
      await operate(id, 'reset.sent', order, async ({ issuer, is_active, email: recipient }, trx) => {
        if (issuer !== null) throw new Problem(403, 'forbidden', `Accounts of ${issuer} have no password here`)
        if (!is_active) throw new Problem(403, 'forbidden', 'The account is disabled')
        await mail.write({ kind: 'reset', recipient }, operatorClient, trx)
      })
    },

    /** Ends all sessions, so that the change counts at once. Throws `last_admin`. */
    async setRole(id: string, role: Role, order: Order): Promise<ManagedUser> {
      await operate(id, 'role.changed', { ...order, reason: `${role}: ${order.reason}` }, async ({ issuer }, trx) => {
        if (issuer !== null) throw new Problem(403, 'forbidden', `Accounts of ${issuer} cannot be admins here`)
        if (role !== 'admin') await keepAdmins(order, id, trx)
        await usersRepository(trx).setRole(id, role)
      })
      return find(id)
    },

    /** Deletes an account. `email` is its address, which the operator has typed. Throws `last_admin`. */
    remove: (id: string, email: string, order: Order): Promise<void> =>
      operate(id, 'account.deleted', order, async (user, trx) => {
        if (email !== user.email)
          throw problems.validationFailed([{ pointer: '/email', message: 'is not the address of the account' }])
        await keepAdmins(order, id, trx)
        await removeAccount(id, trx, erase)
      })
  }
}

export type Operations = ReturnType<typeof createOperations>
